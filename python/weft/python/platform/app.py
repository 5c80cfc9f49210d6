"""tf.app.run(): parse the flags, run main, exit with what it returns."""
import sys

from weft.python.platform import flags


def run(main=None, argv=None):
    """Run main([program, what the flags left over...]) and exit.

    `main` is the script's if not given. Flags that nobody defined are left to main; a flag with a
    value that it cannot have ends the program with a message.
    """
    main = main or sys.modules["__main__"].main
    try:
        rest = flags.FLAGS(sys.argv if argv is None else argv, known_only=True)
    except flags.Error as e:
        sys.stderr.write("FATAL Flags parsing error: %s\nPass --helpshort or --helpfull to see "
                         "help on flags.\n" % e)
        sys.exit(1)
    sys.exit(main(rest))
