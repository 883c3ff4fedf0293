#!/bin/sh
# Runs port_raw_interface.c. Needs root; prints TAP.
exec timeout 120 "${BUILD:-build}/live/port_raw_interface"
