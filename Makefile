# Thin aliases: everything is in ./run.
.PHONY: help demo test check bench lock
help:
	@./run help
demo test check bench lock:
	@./run $@
