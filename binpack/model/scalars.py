"""The API's scalar types, so that a number out of range or a time without a zone is refused while it is decoded."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

MIN_INT32, MAX_INT32 = -(1 << 31), (1 << 31) - 1
MIN_INT64, MAX_INT64 = -(1 << 63), (1 << 63) - 1

Int32 = Annotated[int, msgspec.Meta(ge=MIN_INT32, le=MAX_INT32)]
Int64 = Annotated[int, msgspec.Meta(ge=MIN_INT64, le=MAX_INT64)]
IntOrString = Int32 | str
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339 with a zone. Without one it could not be compared with the others."""
