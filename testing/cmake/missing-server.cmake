message(FATAL_ERROR "There is no server at ${SERVER}. In this project, ./dev servers fetches the packaged servers and "
  "./dev servers --built builds the others; elsewhere, set REDISMODULE_TEST_SERVERS.")
