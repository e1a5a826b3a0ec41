"""Reading a question: places, topics, rounds, years, status, and the kind of answer wanted. All pure."""

from knowledge_base.search.understanding.follow_up import follow_up
from knowledge_base.search.understanding.query import Query
from knowledge_base.search.understanding.reader import understand

__all__ = ["Query", "follow_up", "understand"]
