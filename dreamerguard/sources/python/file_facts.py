"""Facts of one Python file about settings: which it reads, which it gives a value, which options it declares."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from .parsers import ParserFacts

#: Owner and name: ``config.actor["dist"]`` reads (``config``, ``actor``) and (``actor``, ``dist``).
Pair = tuple[str, str]
#: A function, the place or name of one of its parameters, and a name for it.
Bound = tuple[str, str, str]


@dataclass
class FileFacts:
    """Facts of one file.

    Attributes:
      names: everything that may read a key of that name: attributes, literal texts.
      fields: names that a value can arrive under when a group of settings is unpacked: parameters, attributes of self.
      pairs: reads, with what they are read from.
      stored: attribute of an object -> reads that only give it its value.
      loaded: attributes that are read anywhere.
      whole: groups that are used as a whole: unpacked, passed on, kept.
      unpacked: names of the groups that are unpacked into arguments.
      given: keys that the code gives a value.
      imports: imported modules, dotted, and what is imported from them.
      flows: assignments of one name to another, the target first.
      forwards: called functions with the place or name of an argument, and the argument's name.
      roots: names that called functions begin with, and the name of an argument.
      functions: functions and classes with the place and name of each parameter.
      dynamic: objects that are read under names known only at run time, with the line and how sure that is.
      doubts: lines that do so with any object.
      parsers: options that the file declares.
    """

    names: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    pairs: set[Pair] = field(default_factory=set)
    stored: dict[str, set[Pair]] = field(default_factory=lambda: defaultdict(set))
    loaded: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    unpacked: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    imports: dict[str, str] = field(default_factory=dict)
    flows: set[Pair] = field(default_factory=set)
    forwards: set[Bound] = field(default_factory=set)
    roots: set[Pair] = field(default_factory=set)
    functions: set[Bound] = field(default_factory=set)
    dynamic: dict[str, str] = field(default_factory=dict)
    doubts: list[int] = field(default_factory=list)
    parsers: ParserFacts = field(default_factory=ParserFacts)
