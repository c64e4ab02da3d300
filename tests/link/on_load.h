// The entry point of every module here; on_load() is the test's own part.
#pragma once

int on_load();

extern "C" __attribute__((visibility("default"))) int RedisModule_OnLoad(void*, void**, int) { return on_load(); }
