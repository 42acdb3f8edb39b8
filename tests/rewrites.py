"""Shapes that people write, before and after a fix that nobody could notice."""

__all__ = ["SAFE"]

SAFE = {
    "a comment that tells of nothing but the close": (
        """
        def f(q):
            # open a session
            s = Maker()
            try:
                return s.scalar(q)
            finally:
                # Always close the session, even if an error occurs!
                s.close()

        def g(q):
            s = Maker()
            try:
                found = s.scalar(q)
            finally:
                # no longer needed since #17: close it
                s.close()  # cleanup
            # closed sessions have no rows
            return found
        """,
        """
        def f(q):
            # open a session
            with Maker() as s:
                return s.scalar(q)

        def g(q):
            with Maker() as s:
                found = s.scalar(q)
                # no longer needed since #17: close it
            # closed sessions have no rows
            return found
        """,
    ),
    "a transaction is begun by the maker in the end": (
        """
        async def f(q):
            s = AsyncMaker()
            try:
                async with s.begin():
                    await s.execute(q)
            finally:
                await s.close()
        """,
        """
        async def f(q):
            async with AsyncMaker.begin() as s:
                await s.execute(q)
        """,
    ),
    "asked whether there is anything to close": (
        """
        def f(q):
            s = Maker()
            try:
                return s.scalar(q)
            finally:
                if s.is_active:
                    s.close()

        def g(q):
            s = Maker()
            try:
                return s.scalar(q)
            finally:
                if s and hasattr(s, "close"):
                    s.close()
        """,
        """
        def f(q):
            with Maker() as s:
                return s.scalar(q)

        def g(q):
            with Maker() as s:
                return s.scalar(q)
        """,
    ),
    "brackets around what is opened": (
        """
        def f(q):
            conn = (
                engine.raw_connection()
            )
            conn.cursor().execute(q)
            conn.close()

        def g(q):
            conn = (  # the old one
                engine.raw_connection()
            )
            conn.cursor().execute(q)
            conn.close()
        """,
        """
        def f(q):
            with closing(engine.raw_connection()) as conn:
                conn.cursor().execute(q)

        def g(q):
            with closing((  # the old one
                engine.raw_connection()
            )) as conn:
                conn.cursor().execute(q)
        """,
    ),
    "closed on one line with others": (
        """
        def f(q):
            conn = engine.raw_connection()
            cur = conn.cursor()
            cur.execute(q)
            if not cur.rowcount:
                conn.close(); return None
            try:
                rows = cur.fetchall()
            except ValueError:
                cur.close(); conn.close();
                raise
            # enough
            cur.close(); conn.close()  # both
            return rows
        """,
        """
        def f(q):
            with closing(engine.raw_connection()) as conn:
                cur = conn.cursor()
                cur.execute(q)
                if not cur.rowcount:
                    return None
                try:
                    rows = cur.fetchall()
                except ValueError:
                    cur.close()
                    raise
                # enough
                cur.close()  # both
            return rows
        """,
    ),
    "closed on the line of a `finally`": (
        """
        def f(q):
            a = Maker()
            b = Maker()
            try: return a.scalar(q) or b.scalar(q)
            finally: a.close(); b.close()

        async def g(q):
            a = AsyncMaker(); b = 1
            s = AsyncMaker()
            try:
                return await s.scalar(q)
            finally:
                b = 2; await s.close()
        """,
        """
        def f(q):
            with Maker() as a, Maker() as b:
                return a.scalar(q) or b.scalar(q)

        async def g(q):
            a = AsyncMaker(); b = 1
            async with AsyncMaker() as s:
                try:
                    return await s.scalar(q)
                finally:
                    b = 2
        """,
    ),
    "opened and closed in the same order": (
        """
        def f(q):
            a = Maker()
            rows = a.execute(q).all()
            # second
            b = engine.connect()
            c = engine.raw_connection()  # third
            for row in rows:
                b.execute(q, row)
                if c.info.get(row):
                    a.close()
                    b.close()
                    c.close()
                    return None
            a.close()
            if b is not None:
                b.close()
            c.close()  # last
            return rows
        """,
        """
        def f(q):
            with Maker() as a:
                rows = a.execute(q).all()
                # second
                with engine.connect() as b:
                    with closing(engine.raw_connection()) as c:  # third
                        for row in rows:
                            b.execute(q, row)
                            if c.info.get(row):
                                return None
                        # last
            return rows
        """,
    ),
    "opened while another is that nobody closes": (
        """
        def f(q):
            a = Maker()
            b = engine.connect()
            a.execute(q)
            b.execute(q)
            b.close()
            return 1
        """,
        """
        def f(q):
            with Maker() as a, engine.connect() as b:
                a.execute(q)
                b.execute(q)
            return 1
        """,
    ),
    "one that lends its connection is closed no later than before": (
        """
        def f(q):
            a = engine.connect()
            Maker.configure(bind=a)
            b = Maker()
            b.execute(q)
            a.close()
            b.close()
        """,
        """
        def f(q):
            with engine.connect() as a:
                Maker.configure(bind=a)
                b = Maker()
                b.execute(q)
            b.close()
        """,
    ),
    "one that holds a lock is closed no later than before": (
        """
        def f(q):
            a = engine.connect()
            a.execute("select pg_advisory_lock(7)")
            b = Maker()
            b.execute(q)
            a.close()
            b.close()
        """,
        """
        def f(q):
            with engine.connect() as a:
                a.execute("select pg_advisory_lock(7)")
                b = Maker()
                b.execute(q)
            b.close()
        """,
    ),
    "a function inside has a variable of that name for itself": (
        """
        def f(q):
            try:
                s = Maker()
                result = s.get(q, 1)
                print(result.name)
                s.close()
            except ValueError:
                print("none")

            def g(q):
                result = q.upper()
                return result

            return g
        """,
        """
        def f(q):
            try:
                with Maker() as s:
                    result = s.get(q, 1)
                    print(result.name)
            except ValueError:
                print("none")

            def g(q):
                result = q.upper()
                return result

            return g
        """,
    ),
    "a `with` that ends a transaction ends the connection, too": (
        """
        import psycopg2

        def f(address, q):
            with psycopg2.connect(address) as conn, conn.cursor() as cur:  # both
                cur.execute(q)
            with (
                open("log") as log,
                psycopg2.connect(address) as conn,
            ):
                conn.cursor().execute("insert into listen values (1)")
        """,
        """
        import psycopg2

        def f(address, q):
            with closing(psycopg2.connect(address)) as conn, conn, conn.cursor() as cur:  # both
                cur.execute(q)
            with (
                open("log") as log,
                closing(psycopg2.connect(address)) as conn, conn,
            ):
                conn.cursor().execute("insert into listen values (1)")
        """,
    ),
    "what no `with` ends is closed in a `finally`": (
        """
        import asyncpg

        async def f(q, name):
            # first
            conn = await asyncpg.connect("")  # opened

            if name:
                await conn.close()
                return None
            row = await conn.fetchrow(q)  # taken
            # at the end
            await conn.close()
            return row
        """,
        """
        import asyncpg

        async def f(q, name):
            # first
            conn = await asyncpg.connect("")  # opened
            try:
                if name:
                    return None
                row = await conn.fetchrow(q)  # taken
                # at the end
            finally:
                await conn.close()
            return row
        """,
    ),
    "a `try` before a close gets the `finally`": (
        """
        import asyncpg

        async def f(q):
            conn = await asyncpg.connect("")

            # trying
            try:
                await conn.execute(q)
            except ValueError:
                print("in vain")
            await conn.close()
        """,
        """
        import asyncpg

        async def f(q):
            conn = await asyncpg.connect("")
            # trying
            try:
                await conn.execute(q)
            except ValueError:
                print("in vain")
            finally:
                await conn.close()
        """,
    ),
    "a `finally` of its own is around what else a `finally` does": (
        """
        import asyncpg

        async def f(q, log):
            conn = await asyncpg.connect("")
            await conn.execute(q)
            try:
                return await conn.fetch(q)
            finally:
                log.info("closing")
                await conn.close()
        """,
        """
        import asyncpg

        async def f(q, log):
            conn = await asyncpg.connect("")
            try:
                await conn.execute(q)
                try:
                    return await conn.fetch(q)
                finally:
                    log.info("closing")
            finally:
                await conn.close()
        """,
    ),
    "a connection of a driver that a function opens": (
        """
        import psycopg2

        def connected(address):
            return psycopg2.connect(address)

        def f(address):
            conn = connected(address)
            conn.cursor().execute("select 1")
            conn.close()
        """,
        """
        import psycopg2

        def connected(address):
            return psycopg2.connect(address)

        def f(address):
            with closing(connected(address)) as conn:
                conn.cursor().execute("select 1")
        """,
    ),
    "comments stay where they were": (
        """
        def f(q):
            # first
            s = Maker()  # opened

            # between
            try:  # trying
                # inside
                rows = s.execute(q).all()
            finally:  # at last
                # before
                s.close()  # over
                # after
            # done
            return rows
        """,
        """
        def f(q):
            # first
            with Maker() as s:  # opened
                # between
                # trying
                # inside
                rows = s.execute(q).all()
                # at last
                # before
                # over
                # after
            # done
            return rows
        """,
    ),
    "other work of a finally stays before the close": (
        """
        def f(q, log):
            s = Maker()
            try:
                return s.execute(q).all()
            finally:
                s.rollback()
                s.close()
        """,
        """
        def f(q, log):
            with Maker() as s:
                try:
                    return s.execute(q).all()
                finally:
                    s.rollback()
        """,
    ),
    "handlers and else stay inside": (
        """
        def f(q):
            s = Maker()
            try:
                s.execute(q)
            except ValueError:
                s.rollback()
                raise
            else:
                s.commit()
            finally:
                s.close()
        """,
        """
        def f(q):
            with Maker() as s:
                try:
                    s.execute(q)
                except ValueError:
                    s.rollback()
                    raise
                else:
                    s.commit()
        """,
    ),
    "a question whether it is open goes with the close": (
        """
        def f(q):
            s = None
            try:
                s = Maker()
                return s.execute(q).all()
            finally:
                if s is not None:
                    s.close()
        """,
        """
        def f(q):
            with Maker() as s:
                return s.execute(q).all()
        """,
    ),
    "another name that is None before stays so": (
        """
        def f(q):
            # neither
            s = rows = None  # of them
            try:
                s = Maker()
                if q:
                    rows = s.execute(q).all()
            finally:
                if s:
                    s.close()
            return rows
        """,
        """
        def f(q):
            # neither
            rows = None  # of them
            with Maker() as s:
                if q:
                    rows = s.execute(q).all()
            return rows
        """,
    ),
    "each turn of a loop": (
        """
        def f(qs):
            for q in qs:
                s = Maker()
                if not q:
                    s.close()
                    continue
                if q == 1:
                    s.close()
                    break
                s.execute(q)
                s.close()
            else:
                print("all")
        """,
        """
        def f(qs):
            for q in qs:
                with Maker() as s:
                    if not q:
                        continue
                    if q == 1:
                        break
                    s.execute(q)
            else:
                print("all")
        """,
    ),
    "a session whose own exit commits": (
        """
        class Own(Session):
            def __exit__(self, *error):
                self.commit()

        OwnMaker = sessionmaker(engine, class_=Own)

        def f(q):
            s = OwnMaker()
            s.execute(q)
            s.close()
        """,
        """
        class Own(Session):
            def __exit__(self, *error):
                self.commit()

        OwnMaker = sessionmaker(engine, class_=Own)

        def f(q):
            with closing(OwnMaker()) as s:
                s.execute(q)
        """,
    ),
    "two sessions of one finally": (
        """
        def f(q):
            a = Maker()
            b = Maker()
            try:
                b.add_all(a.execute(q).all())
                b.commit()
            finally:
                b.close()
                a.close()
        """,
        """
        def f(q):
            with Maker() as a, Maker() as b:
                b.add_all(a.execute(q).all())
                b.commit()
        """,
    ),
    "an awaited connection": (
        """
        async def f(pool: AsyncEngine, q):
            c = await pool.connect()
            try:
                return (await c.execute(q)).all()
            finally:
                await c.close()
        """,
        """
        async def f(pool: AsyncEngine, q):
            async with pool.connect() as c:
                return (await c.execute(q)).all()
        """,
    ),
    "what no with closes is wrapped in closing": (
        """
        def f():
            c = engine.raw_connection()
            try:
                c.cursor().execute("select 1")
            finally:
                c.close()
        """,
        """
        def f():
            with closing(engine.raw_connection()) as c:
                c.cursor().execute("select 1")
        """,
    ),
    "strings of many lines and two spaces": (
        '''
        def f(q):
          s: Session = Maker()
          try:
            text = """
        select 1
              from t
            """
            n = s.execute(text +
                          q).all()
            m = 1 + \\
              2
          finally:
            s.close()
        ''',
        '''
        def f(q):
          with Maker() as s:
            text = """
        select 1
              from t
            """
            n = s.execute(text +
                          q).all()
            m = 1 + \\
              2
        ''',
    ),
    "lines that a backslash goes on with": (
        """
        def f(q):
            s = Maker()
            rows = s \\
                .execute(q) \\
              .all()
            if rows and \\
            q:
                rows = "a" \\
                       "b"
            s.close()
            return rows
        """,
        """
        def f(q):
            with Maker() as s:
                rows = s \\
                    .execute(q) \\
                  .all()
                if rows and \\
                q:
                    rows = "a" \\
                           "b"
            return rows
        """,
    ),
    "empty lines between statements of the module": (
        """
        s = Maker()
        rows = s.execute("a").all()

        for row in rows:

            print(row)
        else:
            s.close()
        """,
        """
        with Maker() as s:
            rows = s.execute("a").all()

            for row in rows:

                print(row)
        """,
    ),
    "what was added is asked before the close": (
        """
        def f():
            s = Maker()
            users, last = [User()], User()
            s.add_all([*users, last])
            s.add(last)
            s.commit()
            print(last.id)
            return 1
        """,
        """
        def f():
            with Maker() as s:
                users, last = [User()], User()
                s.add_all([*users, last])
                s.add(last)
                s.commit()
                print(last.id)
            return 1
        """,
    ),
    "a close behind a function that may have closed": (
        """
        def done(s):
            s.close()

        def f(q, a):
            s = Maker()
            s.execute(q)
            if a:
                done(s)
            s.close()
        """,
        """
        def done(s):
            s.close()

        def f(q, a):
            with Maker() as s:
                s.execute(q)
                if a:
                    done(s)
        """,
    ),
    "a suite on the line of its head": (
        """
        def f(q):
            s = Maker()
            try: x = s.execute(q).all()
            finally: s.close()
            return x
        """,
        """
        def f(q):
            with Maker() as s:
                x = s.execute(q).all()
            return x
        """,
    ),
    "what is awaited is of an asynchronous maker, whatever the annotation says": (
        """
        async def f(q, make: sessionmaker):
            s = make()
            try:
                return (await s.execute(q)).all()
            finally:
                await s.close()
        """,
        """
        async def f(q, make: sessionmaker):
            async with make() as s:
                return (await s.execute(q)).all()
        """,
    ),
    "a function has the name of its variable": (
        """
        def s(q):
            s = Maker()
            try:
                return s.execute(q).all()
            finally:
                s.close()
        """,
        """
        def s(q):
            with Maker() as s:
                return s.execute(q).all()
        """,
    ),
}
