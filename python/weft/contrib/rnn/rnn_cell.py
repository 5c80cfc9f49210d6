"""The cells that contrib adds, where scripts look for them."""
from weft.contrib.rnn.conv_cells import *       # noqa: F401,F403
from weft.contrib.rnn.frequency_cells import *  # noqa: F401,F403
from weft.contrib.rnn.gated_cells import *      # noqa: F401,F403
from weft.contrib.rnn.lstm_cells import *       # noqa: F401,F403
from weft.contrib.rnn.normalized_cells import *  # noqa: F401,F403
from weft.contrib.rnn.wrappers import *         # noqa: F401,F403
