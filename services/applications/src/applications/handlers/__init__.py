"""The use cases: what applications does when somebody asks or something happened."""
