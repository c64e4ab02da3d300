extern "C" __attribute__((visibility("default"))) int Planted_OnLoad(void*, void**, int) { return 0; }
