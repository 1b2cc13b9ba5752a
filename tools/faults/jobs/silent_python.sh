#!/bin/sh
# A Python of the executors that starts and never reports its port.
exec sleep 600
