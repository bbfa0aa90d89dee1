# How everything is compiled. WSLOAD_SANITIZE takes "address" (with undefined) or "thread".
option(WSLOAD_TESTS "Build the tests" ON)
option(WSLOAD_BENCH "Build the benchmark programs" ON)
option(WSLOAD_WERROR "Treat warnings as errors" OFF)
set(WSLOAD_SANITIZE "" CACHE STRING "Sanitizer: address, thread or empty")

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_compile_definitions(_GNU_SOURCE WSLOAD_VERSION="${PROJECT_VERSION}")
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wmissing-prototypes
                    -Wstrict-prototypes -Wvla)
if(WSLOAD_WERROR)
    add_compile_options(-Werror)
endif()

# Hardening: position independent executable, read-only relocations, stack protector, checked libc
# calls. The sanitizers bring their own checks and do not go with _FORTIFY_SOURCE.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
if(WSLOAD_SANITIZE STREQUAL "address")
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
elseif(WSLOAD_SANITIZE STREQUAL "thread")
    add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
    add_link_options(-fsanitize=thread)
elseif(WSLOAD_SANITIZE)
    message(FATAL_ERROR "WSLOAD_SANITIZE=${WSLOAD_SANITIZE}: use address or thread")
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
    add_link_options(-Wl,-z,relro,-z,now)
endif()

# wsload_room(NAME SOURCES ... USES ROOMS ... LIBRARIES ...): the static library wsload_NAME.
function(wsload_room name)
    cmake_parse_arguments(ROOM "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
    add_library(wsload_${name} STATIC ${ROOM_SOURCES})
    target_include_directories(wsload_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
    foreach(used ${ROOM_USES})
        target_link_libraries(wsload_${name} PUBLIC wsload_${used})
    endforeach()
    target_link_libraries(wsload_${name} PRIVATE ${ROOM_LIBRARIES})
endfunction()
