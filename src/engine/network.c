#include "network.h"

#include <linux/sockios.h>
#include <linux/tcp.h> /* netinet/tcp.h knows only the older members of struct tcp_info */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "wsload/base/clock.h"

/* What the kernel puts into tcpi_min_rtt before the first sample. */
#define NO_MIN_RTT UINT32_MAX

/* An older kernel knows fewer members, and leaves the others as they are. */
bool network_look(int fd, struct network_seen *seen)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size))
        return false;
    *seen = (struct network_seen){
        .rtt_ns = info.tcpi_rtt * NS_PER_US,
        .min_rtt_ns = info.tcpi_min_rtt == NO_MIN_RTT ? 0 : info.tcpi_min_rtt * NS_PER_US,
        .retransmits = info.tcpi_total_retrans,
        .lost = info.tcpi_lost,
        .out_of_order = info.tcpi_rcv_ooopack,
    };
    return true;
}

/* What waits is looked at first: what comes in between counts as read then. */
uint64_t network_bytes_read(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);
    int waiting = 0;
    if (ioctl(fd, SIOCINQ, &waiting) || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) ||
        size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received))
        return UINT64_MAX;
    return info.tcpi_bytes_received - (unsigned)waiting;
}
