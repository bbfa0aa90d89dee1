/* How many processor cores this process may use: those of its affinity, or fewer by the CPU quota
 * of the control groups that it is in (cgroups(7): cpu.max of version 2, cpu.cfs_quota_us of
 * version 1). A container often has a fraction of one. */
#ifndef WSLOAD_BASE_CORES_H
#define WSLOAD_BASE_CORES_H

/* More than 0. */
double cores_allowed(void);

/* What the quotas alone allow, of a system whose /proc and /sys are under ROOT ("" is this one);
 * INFINITY when there is none. */
double cores_quota(const char *root);

#endif
