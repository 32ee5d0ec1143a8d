import { minute, onePerCore, section, whole } from '../setting'

export const cluster = section({
  workers: onePerCore([1, 256], 'API workers.'),
  engines: onePerCore(
    [1, 256],
    'Inference engines; one per core with one thread each is usually fastest.',
  ),
  startTimeoutMs: whole(
    'ms',
    [100, 60 * minute],
    60_000,
    'How long a process may take to become ready before it is killed.',
  ),
  heartbeatIntervalMs: whole(
    'ms',
    [50, minute],
    1000,
    'How often a process says that it is alive.',
  ),
  heartbeatTimeoutMs: whole(
    'ms',
    [100, 10 * minute],
    5000,
    'A process silent for this long is killed and replaced.',
  ),
  restartDelayMinMs: whole(
    'ms',
    [1, minute],
    100,
    'Wait before the first replacement of a process that died; doubles with each death in a row.',
  ),
  restartDelayMaxMs: whole('ms', [1, 10 * minute], 10_000, 'Longest wait before a replacement.'),
  restartsMax: whole(
    'deaths',
    [1, 1000],
    10,
    'Deaths in a row, each soon after its start, after which a process is given up and the service stops.',
  ),
  stableAfterMs: whole(
    'ms',
    [100, 60 * minute],
    10_000,
    'A process that lived this long ends the count of deaths in a row.',
  ),
  drainTimeoutMs: whole(
    'ms',
    [0, 60 * minute],
    30_000,
    'How long requests in hand may take to end when a process is stopped or replaced.',
  ),
  killTimeoutMs: whole(
    'ms',
    [100, 10 * minute],
    5000,
    'How long a process may take to end after its drain before SIGKILL.',
  ),
})
