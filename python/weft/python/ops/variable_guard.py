"""Initial values that depend on other variables.

An initializer may run before those of the variables that its value is made of. So wherever an
initial value reads a ref variable, the initializer gets another expression that reads
`initialized_value()` instead: the variable's value if it has one, its initial value otherwise.
"""

from weft.python.framework import gen
from weft.python.framework import ops
