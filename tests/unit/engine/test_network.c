#include "testing.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "network.h"
#include "wsload/base/clock.h"
#include "wsload/base/helpers.h"

/* A kernel that the test invents, with the first `known` bytes of struct tcp_info: linked in place
 * of the system's (see CMakeLists.txt). Outside of this group it is the system's. */
static const struct tcp_info *invented;
static size_t known;

int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size);

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    if (!invented || level != IPPROTO_TCP || name != TCP_INFO)
        return __real_getsockopt(fd, level, name, value, size);
    if (*size > known)
        *size = (socklen_t)known;
    memcpy(value, invented, *size);
    return 0;
}

static void test_network_is_what_the_kernel_tells(void **state)
{
    (void)state;
    static const struct tcp_info info = {.tcpi_rtt = 21300,
                                         .tcpi_min_rtt = 20100,
                                         .tcpi_total_retrans = 3,
                                         .tcpi_lost = 2,
                                         .tcpi_rcv_ooopack = 7,
                                         .tcpi_retrans = 100, /* under way */
                                         .tcpi_rcv_rtt = 100};
    static const struct tcp_info no_sample = {.tcpi_min_rtt = UINT32_MAX};
    static const struct tcp_info longest = {.tcpi_rtt = UINT32_MAX, .tcpi_min_rtt = UINT32_MAX - 1};
    static const size_t all = sizeof(struct tcp_info);
    static const struct {
        const struct tcp_info *info;
        size_t known;
        struct network_seen seen;
    } cases[] = {
        {&info, all, {21300000, 20100000, 3, 2, 7}},
        {&info, offsetof(struct tcp_info, tcpi_rcv_ooopack), {21300000, 20100000, 3, 2, 0}},
        {&info, offsetof(struct tcp_info, tcpi_min_rtt), {21300000, 0, 3, 2, 0}},
        {&no_sample, all, {0, 0, 0, 0, 0}},
        {&longest, all, {UINT64_C(4294967295000), UINT64_C(4294967294000), 0, 0, 0}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct network_seen seen;
        invented = cases[i].info;
        known = cases[i].known;
        bool told = network_look(-1, &seen);
        invented = NULL;
        assert_true(told);
        assert_memory_equal(&seen, &cases[i].seen, sizeof(seen));
    }
}

/* --- The system's kernel --- */

/* Two ends of a TCP connection on this machine. */
static void connect_pair(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&address, size), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    close(listener);
}

static void test_network_is_known_after_the_peer_is_gone(void **state)
{
    (void)state;
    static const struct linger reset = {1, 0};
    for (int is_reset = 0; is_reset < 2; is_reset++) {
        int ends[2];
        char byte;
        struct network_seen seen;
        connect_pair(ends);
        if (is_reset)
            setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(ends[1]);
        assert_int_equal(recv(ends[0], &byte, 1, 0), is_reset ? -1 : 0);
        assert_true(network_look(ends[0], &seen));
        assert_true(seen.rtt_ns > 0);
        assert_true(seen.min_rtt_ns > 0 && seen.min_rtt_ns <= 2 * seen.rtt_ns);
        assert_int_equal(seen.retransmits + seen.lost + seen.out_of_order, 0);
        close(ends[0]);
    }
}

static void test_network_of_what_has_not_connected_is_nothing(void **state)
{
    (void)state;
    struct network_seen seen;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(network_look(fd, &seen));
    assert_int_equal(seen.rtt_ns, 0);
    assert_int_equal(seen.min_rtt_ns, 0);
    close(fd);
}

static void test_network_is_of_tcp_sockets_alone(void **state)
{
    (void)state;
    int ends[2];
    struct network_seen seen;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_false(network_look(ends[0], &seen));
    assert_false(network_look(-1, &seen));
    close(ends[0]);
    close(ends[1]);
}

TEST_GROUP(network)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_is_what_the_kernel_tells),
        cmocka_unit_test(test_network_is_known_after_the_peer_is_gone),
        cmocka_unit_test(test_network_of_what_has_not_connected_is_nothing),
        cmocka_unit_test(test_network_is_of_tcp_sockets_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
