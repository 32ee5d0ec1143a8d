import { choice, gibibyte, minute, section, text, whole } from '../setting'

export const perf = section({
  level: choice(
    ['requests', 'calls', 'off'],
    'requests',
    'One line per request with its stages, one line per timed call, or nothing.',
  ),
  directory: text('path', 'perf/logs', 'Where runs are written: <number>/<pid>.log.'),
  tag: text('words', '', 'A label for this run, shown by `npm run perf -- runs`.'),
  bytesPerProcessMax: whole(
    'bytes',
    [64 * 1024, 64 * gibibyte],
    gibibyte,
    'Largest log of one process; what comes after is counted as dropped.',
  ),
  writeDelayMs: whole(
    'ms',
    [0, 1000],
    0,
    'How long a busy process may gather lines before it writes them, which costs less and loses them at kill -9; 0 writes at the end of every turn of the event loop.',
  ),
  runsMax: whole('runs', [1, 100_000], 50, 'Runs that are kept; older ones are deleted at start.'),
  gaugeIntervalMs: whole(
    'ms',
    [100, 10 * minute],
    1000,
    'How often a process writes its gauges (event loop, CPU, memory).',
  ),
})
