"""Runs the test files of this folder against a simulator and writes how many tests there were.

    run.py REPORT FILE...

The one rule: a test is a method that a class of tests defines itself under a public name. Nothing has to begin with
`test_`, so that a name is a sentence.
"""

import importlib
import pathlib
import sys
import unittest

import workspace


class Loader(unittest.TestLoader):
    """Finds the tests of a class: what it defines, except for what prepares them."""

    PREPARATION = {"setUp", "tearDown", "setUpClass", "tearDownClass"}

    def getTestCaseNames(self, testCaseClass):
        names = vars(testCaseClass).items()
        return [name for name, value in names if callable(value) and self._is_test(name)]

    def _is_test(self, name):
        return not name.startswith("_") and name not in self.PREPARATION


def suite(files):
    """The tests of these files, in their order."""
    loader = Loader()
    found = unittest.TestSuite()
    for file in files:
        module = importlib.import_module(pathlib.Path(file).stem)
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, workspace.Case) and value is not workspace.Case:
                found.addTest(loader.loadTestsFromTestCase(value))
    return found


def main(report, files):
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2)
    result = runner.run(suite(files))
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    passed = result.testsRun - failed - len(result.skipped) - len(result.expectedFailures)
    pathlib.Path(report).write_text(f"# tests {result.testsRun}\n# pass {passed}\n")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
