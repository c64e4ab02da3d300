# Writes the build id of MODULE, as readelf tells it, into the header OUTPUT.
execute_process(COMMAND ${READELF} -n ${MODULE} OUTPUT_VARIABLE notes COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCH "Build ID: ([0-9a-f]+)" found "${notes}")
file(WRITE ${OUTPUT} "#define LIFETIME_BUILD_ID \"${CMAKE_MATCH_1}\"\n")
