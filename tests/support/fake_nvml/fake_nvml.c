/* A libnvidia-ml.so.1 of simulated GPUs whose true energy is known.
 *
 * The variable FAKE_NVML names a file of lines "key value ..."; __init__.py writes it and says what each key means.
 * In its folder, with the suffix .now, is a file of two doubles that is mapped, so that a call costs no system call:
 * the time, or NaN for that of CLOCK_MONOTONIC, and a number that changes with the first file. Without the variable
 * there is no driver. Power is constant in steps, so energy is an exact sum.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4, NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15, UNKNOWN = 999
};
enum { POWER_AVERAGE = 185, POWER_INSTANT = 186, UNSIGNED_INT = 1 };
enum { DEVICES = 16, STEPS = 4096, FAILURES = 32, PROCESSES = 64, SM_SAMPLES = 72, TEXT = 256 };

typedef struct { double from_s, watts; } Step;
typedef struct { char function[TEXT]; int code; double from_s, to_s; } Failure;
typedef struct { unsigned pid; double from_s, to_s; unsigned sm; unsigned long long bytes; } Process;
typedef struct {
    char uuid[TEXT], name[TEXT], mig_uuid[TEXT];
    int mig, counter, instant, average, usage;
    double counter_start_j, counter_period_s, counter_step_j, counter_scale, counter_reset_s, counter_frozen_s;
    double power_period_s, average_s, sm_period_s, sm_delay_s;
    Step steps[STEPS];
    Failure failures[FAILURES];
    Process processes[PROCESSES];
    int step_count, failure_count, process_count;
} Device;

typedef struct { unsigned id, scope; int64_t timestamp, latency; unsigned type, result; union { unsigned u; double d; } value; } Field;
typedef struct { unsigned pid; unsigned long long bytes; unsigned gpu_instance, compute_instance; } ProcessInfo;
typedef struct { unsigned pid; unsigned long long timestamp; unsigned sm, memory, encoder, decoder; } Sample;

static Device devices[DEVICES], common; /* `common` holds the failures of calls that are of no device */
static char mig_handles[DEVICES];
static int device_count, users;
static double origin_s;
static char log_file[TEXT], controls_file[1024];
static struct { double now_s, generation; } volatile *shared;
static double generation;

static const char *controls(void) {
    const char *file = getenv("FAKE_NVML");
    return file && file[0] ? file : NULL;
}

static double now_s(void) {
    double raw = shared->now_s;
    if (isnan(raw)) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        raw = t.tv_sec + t.tv_nsec * 1e-9;
    }
    return raw > origin_s ? raw - origin_s : 0;
}

static void set(Device *d, const char *key, char *value) {
    struct { const char *key; int *at; } ints[] = {
        {"mig", &d->mig}, {"counter", &d->counter}, {"instant", &d->instant},
        {"average", &d->average}, {"usage", &d->usage}};
    struct { const char *key; double *at; } doubles[] = {
        {"counter_start_j", &d->counter_start_j}, {"counter_period_s", &d->counter_period_s},
        {"counter_step_j", &d->counter_step_j}, {"counter_scale", &d->counter_scale},
        {"counter_reset_s", &d->counter_reset_s}, {"counter_frozen_s", &d->counter_frozen_s},
        {"power_period_s", &d->power_period_s}, {"average_s", &d->average_s},
        {"sm_period_s", &d->sm_period_s}, {"sm_delay_s", &d->sm_delay_s}};
    struct { const char *key; char *at; } texts[] = {
        {"uuid", d->uuid}, {"name", d->name}, {"mig_uuid", d->mig_uuid}, {"log", log_file}};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++)
        if (!strcmp(key, ints[i].key)) { *ints[i].at = atoi(value); return; }
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
        if (!strcmp(key, doubles[i].key)) { *doubles[i].at = atof(value); return; }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!strcmp(key, texts[i].key)) { strncpy(texts[i].at, value, TEXT - 1); return; }
    if (!strcmp(key, "origin")) {
        origin_s = atof(value);
    } else if (!strcmp(key, "watts") && d->step_count < STEPS) {
        Step *s = &d->steps[d->step_count++];
        sscanf(value, "%lf %lf", &s->from_s, &s->watts);
    } else if (!strcmp(key, "fail") && d->failure_count < FAILURES) {
        Failure *f = &d->failures[d->failure_count++];
        sscanf(value, "%255s %d %lf %lf", f->function, &f->code, &f->from_s, &f->to_s);
    } else if (!strcmp(key, "process") && d->process_count < PROCESSES) {
        Process *p = &d->processes[d->process_count++];
        sscanf(value, "%u %lf %lf %u %llu", &p->pid, &p->from_s, &p->to_s, &p->sm, &p->bytes);
    } else {
        fprintf(stderr, "fake NVML: cannot take %s %s\n", key, value);
        abort();
    }
}

static void map_shared(void) {
    char path[1100];
    snprintf(controls_file, sizeof controls_file, "%s", controls());
    snprintf(path, sizeof path, "%s.now", controls_file);
    int file = open(path, O_RDONLY);
    /* What was mapped before stays: another thread may be reading it. */
    void *mapped = mmap(NULL, sizeof *shared, PROT_READ, MAP_SHARED, file, 0);
    if (file < 0 || mapped == MAP_FAILED) abort();
    shared = mapped;
    close(file);
    generation = NAN;
}

static void reload_alone(void) {
    char line[1024];
    if (!controls()) { device_count = 0; return; }
    if (strcmp(controls(), controls_file)) map_shared();
    if (generation == shared->generation) return;
    generation = shared->generation;
    FILE *file = fopen(controls(), "r");
    Device *d = &common;
    device_count = 0;
    memset(&common, 0, sizeof common);
    log_file[0] = 0;
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *value = strchr(line, ' ');
        if (value) *value++ = 0;
        if (!strcmp(line, "device")) {
            if (device_count == DEVICES) abort();
            d = &devices[device_count++];
            memset(d, 0, sizeof *d);
            d->counter_scale = 1;
            d->counter_reset_s = d->counter_frozen_s = INFINITY;
        } else if (value) {
            set(d, line, value);
        }
    }
    if (file) fclose(file);
}

static void reload(void) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    reload_alone();
    pthread_mutex_unlock(&mutex);
}

/* What every call does first: 0, or the code with which it must fail. */
static int enter(const char *function, const Device *d, int needs_init) {
    reload();
    if (log_file[0]) {
        FILE *file = fopen(log_file, "a");
        if (file) { fprintf(file, "%s %d\n", function, d ? (int)(d - devices) : -1); fclose(file); }
    }
    if (!controls()) return DRIVER_NOT_LOADED;
    if (needs_init && !users) return UNINITIALIZED;
    if (d && (d < devices || d >= devices + device_count)) return INVALID_ARGUMENT;
    const Device *from = d ? d : &common;
    double t = now_s();
    for (int i = 0; i < from->failure_count; i++) {
        const Failure *f = &from->failures[i];
        if ((!strcmp(f->function, "*") || !strcmp(f->function, function)) && t >= f->from_s && t < f->to_s)
            return f->code;
    }
    return OK;
}

static double quantised(double t, double period) { return period > 0 ? floor(t / period + 1e-9) * period : t; }

static double energy_j(const Device *d, double from_s, double to_s) {
    double sum = 0;
    for (int i = 0; i < d->step_count; i++) {
        double begin = d->steps[i].from_s, end = i + 1 < d->step_count ? d->steps[i + 1].from_s : INFINITY;
        double a = begin > from_s ? begin : from_s, b = end < to_s ? end : to_s;
        if (b > a) sum += d->steps[i].watts * (b - a);
    }
    return sum;
}

static double watts(const Device *d, double t) {
    double found = 0;
    for (int i = 0; i < d->step_count && d->steps[i].from_s <= t; i++) found = d->steps[i].watts;
    return found;
}

static double average_watts(const Device *d, double t) {
    double from = t > d->average_s ? t - d->average_s : 0;
    return t > from ? energy_j(d, from, t) / (t - from) : watts(d, t);
}

static unsigned milliwatts(const Device *d, int instant) {
    double t = quantised(now_s(), d->power_period_s);
    return (unsigned)lround(1000 * (instant ? watts(d, t) : average_watts(d, t)));
}

static int field(const Device *d, Field *f) {
    if (f->id == POWER_INSTANT && d->instant) f->value.u = milliwatts(d, 1);
    else if (f->id == POWER_AVERAGE && d->average) f->value.u = milliwatts(d, 0);
    else return NOT_SUPPORTED;
    f->type = UNSIGNED_INT;
    return enter(f->id == POWER_INSTANT ? "POWER_INSTANT" : "POWER_AVERAGE", d, 1);
}

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    int code = enter(__func__, NULL, 0);
    users += code == OK;
    return code;
}

int nvmlShutdown(void) {
    int code = enter(__func__, NULL, 1);
    users -= code == OK;
    return code;
}

const char *nvmlErrorString(int code) {
    switch (code) {
    case OK: return "Success";
    case UNINITIALIZED: return "Uninitialized";
    case NOT_SUPPORTED: return "Not Supported";
    case NO_PERMISSION: return "Insufficient Permissions";
    case DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case GPU_IS_LOST: return "GPU is lost";
    case UNKNOWN: return "Unknown Error";
    default: return "Some Error";
    }
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    int code = enter(__func__, NULL, 1);
    *count = device_count;
    return code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **device) {
    reload();
    if (index >= (unsigned)device_count) return INVALID_ARGUMENT;
    *device = &devices[index];
    return enter(__func__, *device, 1);
}

/* Also of a MIG instance, whose handle is a pointer into mig_handles. */
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
    int code = enter(__func__, NULL, 1);
    if (code) return code;
    for (int i = 0; i < device_count; i++) {
        if (!strcmp(devices[i].uuid, uuid)) { *device = &devices[i]; return OK; }
        if (devices[i].mig_uuid[0] && !strcmp(devices[i].mig_uuid, uuid)) { *device = &mig_handles[i]; return OK; }
    }
    return NOT_FOUND;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(char *mig, Device **device) {
    if (mig < mig_handles || mig >= mig_handles + device_count) return INVALID_ARGUMENT;
    *device = &devices[mig - mig_handles];
    return enter(__func__, *device, 1);
}

static int text(const char *function, const Device *d, const char *from, char *to, unsigned length) {
    int code = enter(function, d, 1);
    if (!code) snprintf(to, length, "%s", from);
    return code;
}

int nvmlDeviceGetUUID(Device *d, char *to, unsigned length) { return text(__func__, d, d->uuid, to, length); }

int nvmlDeviceGetName(Device *d, char *to, unsigned length) { return text(__func__, d, d->name, to, length); }

int nvmlDeviceGetMigMode(Device *d, unsigned *current, unsigned *pending) {
    int code = enter(__func__, d, 1);
    *current = *pending = d->mig > 0;
    return code ? code : d->mig < 0 ? NOT_SUPPORTED : OK;
}

int nvmlDeviceGetTotalEnergyConsumption(Device *d, unsigned long long *millijoules) {
    int code = enter(__func__, d, 1);
    if (code) return code;
    if (!d->counter) return NOT_SUPPORTED;
    double t = fmin(quantised(now_s(), d->counter_period_s), d->counter_frozen_s);
    double joules = t >= d->counter_reset_s ? energy_j(d, d->counter_reset_s, t) * d->counter_scale
                                            : d->counter_start_j + energy_j(d, 0, t) * d->counter_scale;
    *millijoules = (unsigned long long)(1000 * quantised(joules, d->counter_step_j) + 1e-4);
    return OK;
}

int nvmlDeviceGetPowerUsage(Device *d, unsigned *power) {
    int code = enter(__func__, d, 1);
    if (code) return code;
    if (!d->usage) return NOT_SUPPORTED;
    *power = milliwatts(d, d->average_s == 0);
    return OK;
}

int nvmlDeviceGetFieldValues(Device *d, int count, Field *fields) {
    int code = enter(__func__, d, 1);
    for (int i = 0; !code && i < count; i++) fields[i].result = field(d, &fields[i]);
    return code;
}

static int running(const Process *p, double t) { return t >= p->from_s && t < p->to_s; }

int nvmlDeviceGetComputeRunningProcesses_v3(Device *d, unsigned *room, ProcessInfo *list) {
    int code = enter(__func__, d, 1);
    unsigned found = 0;
    for (int i = 0; !code && i < d->process_count; i++) {
        if (!running(&d->processes[i], now_s())) continue;
        if (list && found < *room) list[found] = (ProcessInfo){d->processes[i].pid, d->processes[i].bytes, ~0u, ~0u};
        found++;
    }
    if (!code && found > *room) code = INSUFFICIENT_SIZE;
    *room = found;
    return code;
}

/* Time stamps are on the clock of the wall, which simulated time is taken for. */
static double wall_s(double t) {
    struct timespec real, monotonic;
    if (!isnan(shared->now_s)) return t + origin_s;
    clock_gettime(CLOCK_REALTIME, &real);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    return t + origin_s + real.tv_sec - monotonic.tv_sec + (real.tv_nsec - monotonic.tv_nsec) * 1e-9;
}

/* What a process did in the `count` samples up to `last_s`; a sample describes the time before it. */
static Sample utilisation(const Device *d, unsigned pid, double last_s, int count) {
    Sample sample = {.pid = pid};
    unsigned sum = 0;
    for (int k = count - 1; k >= 0; k--) {
        double t = last_s - k * d->sm_period_s, middle = t - d->sm_period_s / 2;
        for (int i = 0; i < d->process_count; i++) {
            const Process *p = &d->processes[i];
            if (p->pid != pid || !p->sm || !running(p, middle)) continue;
            sum += p->sm;
            sample.timestamp = (unsigned long long)llround(wall_s(t) * 1e6);
        }
    }
    sample.sm = count ? (sum + count / 2) / count : 0;
    return sample;
}

static int is_first_of_its_pid(const Device *d, int i) {
    for (int j = 0; j < i; j++)
        if (d->processes[j].pid == d->processes[i].pid) return 0;
    return 1;
}

/* The mean of each process over all samples after last_seen_us that the driver still has. */
int nvmlDeviceGetProcessUtilization(Device *d, Sample *list, unsigned *room, unsigned long long last_seen_us) {
    int code = enter(__func__, d, 1), count = 0;
    unsigned found = 0;
    double last_s = code ? 0 : quantised(now_s() - d->sm_delay_s, d->sm_period_s);
    while (!code && count < SM_SAMPLES && last_s - count * d->sm_period_s > 0 &&
           wall_s(last_s - count * d->sm_period_s) * 1e6 > last_seen_us + 0.5)
        count++;
    for (int i = 0; !code && i < d->process_count; i++) {
        if (!is_first_of_its_pid(d, i)) continue;
        Sample sample = utilisation(d, d->processes[i].pid, last_s, count);
        if (!sample.timestamp) continue;
        if (list && found < *room) list[found] = sample;
        found++;
    }
    if (!code && !found) code = NOT_FOUND;
    else if (!code && (!list || found > *room)) code = INSUFFICIENT_SIZE;
    *room = found;
    return code;
}
