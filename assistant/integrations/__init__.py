"""The assistant inside other libraries."""
