# Writes HEADER, with the commit of SOURCE: "" when nobody knows, as in a tarball or without git.
execute_process(
    COMMAND git describe --always --dirty=-changed --abbrev=12 --exclude=*
    WORKING_DIRECTORY ${SOURCE}
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT EXISTS ${SOURCE}/.git) # else it may be that of a repository around the tarball
    set(commit "")
endif()
set(line "#define WSLOAD_COMMIT \"${commit}\"\n")
if(EXISTS ${HEADER})
    file(READ ${HEADER} before)
endif()
if(NOT "${before}" STREQUAL "${line}")
    file(WRITE ${HEADER} "${line}")
endif()
