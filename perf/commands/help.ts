export const help = `Reads the perf log: where the milliseconds of a run went.

  npm run perf -- summary [run]         per route: count, rate, p50, p90, p99, max, and each stage's share
  npm run perf -- slow [run]            the slowest requests with their stages
  npm run perf -- runs                  the newest runs, one line each

  run               its number, or "latest" (which is also the default)
  -n, --number N    how many requests (slow) or runs (runs) are shown; 20
      --route TEXT  slow: only routes that contain this text
      --directory   where runs are kept; the setting perf.directory
      --json        the same as JSON, times in microseconds
  -h, --help        this

Examples
  npm run perf -- summary
  npm run perf -- slow 17 -n 5 --route /infer
  npm run --silent perf -- runs --json | jq '.[0]'

Percentiles are exact (nearest rank); a p99 of fewer than 100 requests is shown as a dash. "unaccounted" is the time of
a request that none of its stages tells of. A request that a worker hands to an engine has a line in each: http, infer.
Exit code: 0 done, 1 failed, 2 not understood.`
