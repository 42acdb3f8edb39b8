"""Closes in branches, before and after a fix that nobody could notice."""

__all__ = ["BRANCHES"]

BRANCHES = {
    "closes in branches go": (
        """
        def f(q, a):
            s = Maker()
            if a:
                s.close()
                return None
            row = s.execute(q).first()
            s.close()
            return row
        """,
        """
        def f(q, a):
            with Maker() as s:
                if a:
                    return None
                row = s.execute(q).first()
            return row
        """,
    ),
    "an else that only closed": (
        """
        def f(q):
            s = Maker()
            while q:
                q = s.execute(q).scalar()
                if q == 1:
                    s.close()
                    break
            else:
                # all read
                s.close()
            return q
        """,
        """
        def f(q):
            with Maker() as s:
                while q:
                    q = s.execute(q).scalar()
                    if q == 1:
                        break
                    # all read
            return q
        """,
    ),
    "an elif that only closed": (
        """
        def f(q, a):
            s = Maker()
            s.execute(q)
            if a == 1:
                print(a)
            elif a == 2:
                # two
                s.close()
        """,
        """
        def f(q, a):
            with Maker() as s:
                s.execute(q)
                if a == 1:
                    print(a)
                    # two
        """,
    ),
    "a chain of branches that only closed": (
        """
        def f(q, a):
            s = Maker()
            s.execute(q)
            if a == 1:
                # one
                s.close()
            elif a == 2:
                # two
                s.close()
            else:
                s.close()
        """,
        """
        def f(q, a):
            with Maker() as s:
                s.execute(q)
                # one
                # two
        """,
    ),
    "a condition that does something is still asked": (
        """
        def f(q, check):
            s = Maker()
            s.execute(q)
            if check() == 1:
                s.close()
        """,
        """
        def f(q, check):
            with Maker() as s:
                s.execute(q)
                if check() == 1:
                    pass
        """,
    ),
    "two branches open one name": (
        """
        def f(q, a, b):
            if a:
                s = Maker()
                try:
                    print(s.execute(q).all())
                finally:
                    s.close()
            if b:
                s = Maker()
                print(s.execute(q).all())
                s.close()
            elif a:
                with Maker() as s:
                    print(s.execute(q).all())
        """,
        """
        def f(q, a, b):
            if a:
                with Maker() as s:
                    print(s.execute(q).all())
            if b:
                with Maker() as s:
                    print(s.execute(q).all())
            elif a:
                with Maker() as s:
                    print(s.execute(q).all())
        """,
    ),
    "one name is opened again and again": (
        """
        def f(q, a):
            s = Maker()
            try:
                print(s.execute(q).all())
            finally:
                s.close()
            a()
            s = Maker()
            count = s.execute(q).scalar()
            s.close()
            if count:
                s = Maker()
                print(s.execute(q).all())
                s.close()
            else:
                a(count)
            with Maker() as s:
                a(s.execute(q).scalar())
        """,
        """
        def f(q, a):
            with Maker() as s:
                print(s.execute(q).all())
            a()
            with Maker() as s:
                count = s.execute(q).scalar()
            if count:
                with Maker() as s:
                    print(s.execute(q).all())
            else:
                a(count)
            with Maker() as s:
                a(s.execute(q).scalar())
        """,
    ),
    "one name is opened again and never closed": (
        """
        def f(q):
            s = Maker()
            print(len(s.execute(q).all()))
            s = Maker()
            s.execute(q)
        """,
        """
        def f(q):
            with Maker() as s:
                print(len(s.execute(q).all()))
            with Maker() as s:
                s.execute(q)
        """,
    ),
}
