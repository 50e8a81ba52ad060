"""The one exception that stands for a fault the user can mend."""


class UserError(ValueError):
    """A wrong parameter, table, image or file: the message says what, where and what is allowed.

    Stages print it as it is, without a traceback.
    """
