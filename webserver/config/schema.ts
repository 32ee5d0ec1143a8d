import { availableParallelism } from 'node:os'
import { z } from 'zod'

const minute = 60_000
const day = 24 * 60 * minute
const mebibyte = 1024 ** 2
const gibibyte = 1024 ** 3

/** A whole number with its unit, bounds, default and one sentence: all that the reference page prints of it. */
function whole(unit: string, min: number, max: number, preset: number, text: string) {
  return z.coerce.number().int().min(min).max(max).default(preset).meta({ unit, description: text })
}

function flag(preset: boolean, text: string) {
  const words = { true: true, false: false, on: true, off: false, '1': true, '0': false } as const
  return z
    .preprocess(
      (v) => (typeof v === 'string' && v in words ? words[v as keyof typeof words] : v),
      z.boolean(),
    )
    .default(preset)
    .meta({ unit: 'true or false', description: text })
}

function choice<const T extends string>(of: readonly T[], preset: NoInfer<T>, sentence: string) {
  return z
    .enum(of)
    .default(() => preset as never)
    .meta({ unit: of.join(' or '), description: sentence })
}

function text(unit: string, preset: string, sentence: string) {
  return z.string().default(preset).meta({ unit, description: sentence })
}

function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape).prefault({} as never)
}

const cores = availableParallelism()

/** Every setting of Gristmill. Names carry their unit; `notes/configuration.md` is generated from here. */
export const configSchema = z.strictObject({
  data: section({
    directory: text('path', 'data', 'Where files, accounts and models are kept.'),
  }),
  http: section({
    host: text(
      'address',
      '127.0.0.1',
      'The address that nginx, or without it the workers, listen on.',
    ),
    port: whole(
      'port',
      0,
      65535,
      8080,
      'The port that nginx, or without it the workers, listen on; 0 picks a free one.',
    ),
    nginx: flag(
      true,
      'Whether nginx is started in front; without it the workers listen on the address themselves.',
    ),
    nginxBinary: text('path or command', 'nginx', 'The nginx to start.'),
    jsonBodyBytesMax: whole(
      'bytes',
      1024,
      16 * mebibyte,
      64 * 1024,
      'Largest JSON body of the API outside /v2.',
    ),
    requestsInFlightMax: whole(
      'requests',
      1,
      100_000,
      1000,
      'Requests that one worker has in hand at once; more are answered 503.',
    ),
    headersTimeoutMs: whole(
      'ms',
      100,
      10 * minute,
      10_000,
      'How long a client may take to send its request headers.',
    ),
    bodyIdleTimeoutMs: whole(
      'ms',
      100,
      60 * minute,
      60_000,
      'How long a body may stand still before the request is ended.',
    ),
  }),
  cluster: section({
    workers: whole('processes', 1, 256, cores, 'API workers.'),
    engines: whole(
      'processes',
      1,
      256,
      cores,
      'Inference engines; one per core with one thread each is usually fastest.',
    ),
    startTimeoutMs: whole(
      'ms',
      100,
      60 * minute,
      60_000,
      'How long a process may take to become ready before it is killed.',
    ),
    heartbeatIntervalMs: whole(
      'ms',
      50,
      minute,
      1000,
      'How often a process says that it is alive.',
    ),
    heartbeatTimeoutMs: whole(
      'ms',
      100,
      10 * minute,
      5000,
      'A process silent for this long is killed and replaced.',
    ),
    restartDelayMinMs: whole(
      'ms',
      1,
      minute,
      100,
      'Wait before the first replacement of a process that died; doubles with each death in a row.',
    ),
    restartDelayMaxMs: whole('ms', 1, 10 * minute, 10_000, 'Longest wait before a replacement.'),
    restartsMax: whole(
      'deaths',
      1,
      1000,
      10,
      'Deaths in a row, each soon after its start, after which a process is given up and the service stops.',
    ),
    stableAfterMs: whole(
      'ms',
      100,
      60 * minute,
      10_000,
      'A process that lived this long ends the count of deaths in a row.',
    ),
    drainTimeoutMs: whole(
      'ms',
      0,
      60 * minute,
      30_000,
      'How long requests in hand may take to end when a process is stopped or replaced.',
    ),
    killTimeoutMs: whole(
      'ms',
      100,
      10 * minute,
      5000,
      'How long a process may take to end after its drain before SIGKILL.',
    ),
  }),
  accounts: section({
    registration: choice(
      ['closed', 'open'],
      'closed',
      'Whether anyone may make a member account, or only holders of an admin session.',
    ),
    quotaBytes: whole(
      'bytes',
      0,
      Number.MAX_SAFE_INTEGER,
      10 * gibibyte,
      'Quota of a new account.',
    ),
    passwordLengthMin: whole('characters', 8, 64, 8, 'Shortest password.'),
    passwordLengthMax: whole('characters', 64, 1024, 128, 'Longest password.'),
  }),
  passwords: section({
    algorithm: choice(
      ['argon2id', 'scrypt', 'bcrypt'],
      'argon2id',
      'Hash function of new passwords; older hashes are replaced at login.',
    ),
    argon2MemoryKib: whole('KiB', 8, 4 * 1024 * 1024, 19_456, 'Memory of one argon2id hash.'),
    argon2Passes: whole('passes', 1, 100, 2, 'Passes of argon2id.'),
    scryptCostLog2: whole('log2 N', 10, 20, 17, 'Cost of scrypt, with r = 8 and p = 1.'),
    bcryptCost: whole(
      'log2 rounds',
      4,
      16,
      12,
      'Cost of bcrypt, which takes passwords of at most 72 bytes.',
    ),
    concurrentMax: whole(
      'hashes',
      1,
      64,
      2,
      'Hashes that one worker computes at once; they share the thread pool with the file system.',
    ),
    queueMax: whole(
      'hashes',
      0,
      10_000,
      64,
      'Hashes that may wait in one worker; more are answered 503.',
    ),
  }),
  sessions: section({
    lifetimeMs: whole(
      'ms',
      minute,
      3650 * day,
      30 * day,
      'A session ends this long after login, however much it is used.',
    ),
    idleTimeoutMs: whole(
      'ms',
      minute,
      3650 * day,
      7 * day,
      'A session ends this long after its last use.',
    ),
    perAccountMax: whole(
      'sessions',
      1,
      10_000,
      100,
      'Sessions of one account; a login beyond it ends the one unseen for longest.',
    ),
  }),
  files: section({
    uploadBytesMax: whole(
      'bytes',
      0,
      Number.MAX_SAFE_INTEGER,
      1024 * gibibyte,
      'Largest body of one upload.',
    ),
    uploadsInFlightMax: whole(
      'uploads',
      1,
      100_000,
      256,
      'Uploads that one worker has in hand at once; more are answered 503.',
    ),
    listLimitMax: whole('files', 1, 10_000, 1000, 'Most files on one page of a listing.'),
    sweepIntervalMs: whole(
      'ms',
      1000,
      365 * day,
      10 * minute,
      'How often contents that no file refers to are swept.',
    ),
    sweepAgeMs: whole(
      'ms',
      1000,
      365 * day,
      60 * minute,
      'How long a content must have been without a file before it is swept.',
    ),
  }),
  database: section({
    kind: choice(
      ['sqlite', 'debug'],
      'sqlite',
      'Where accounts and file records are kept: SQLite, or JSON files to look at with an editor (one worker).',
    ),
    batchMax: whole('commands', 1, 10_000, 512, 'Commands made durable by one commit.'),
    queueMax: whole(
      'commands',
      1,
      1_000_000,
      4096,
      'Commands of one process that wait for the writer; more are answered 503.',
    ),
    commandTimeoutMs: whole(
      'ms',
      100,
      10 * minute,
      15_000,
      'How long a command may wait for the writer, its restarts included.',
    ),
    walBytesMax: whole(
      'bytes',
      mebibyte,
      64 * gibibyte,
      64 * mebibyte,
      'The write-ahead log is checkpointed when it grows beyond this.',
    ),
  }),
  models: section({
    directory: text(
      'path',
      '',
      'Where models are read from: <name>/<version>/model.onnx; empty means models/ of the data directory.',
    ),
    samples: flag(true, 'Whether the sample models are placed in a new data directory.'),
  }),
  inference: section({
    requireToken: flag(true, 'Whether /v2 needs a session token.'),
    serverName: text('name', 'gristmill', 'The name that GET /v2 answers.'),
    bodyBytesMax: whole(
      'bytes',
      1024,
      2 * gibibyte,
      64 * mebibyte,
      'Largest body of one infer request.',
    ),
    deadlineMs: whole(
      'ms',
      10,
      60 * minute,
      10_000,
      'An infer request is answered within this time or with 504; a run that does not end is killed with its engine.',
    ),
    loadTimeoutMs: whole('ms', 100, 60 * minute, 60_000, 'How long one model may take to load.'),
    queueMax: whole(
      'requests',
      1,
      100_000,
      256,
      'Requests that wait for one model in one engine; more are answered 503.',
    ),
    queueBytesMax: whole(
      'bytes',
      mebibyte,
      64 * gibibyte,
      512 * mebibyte,
      'Bodies held by one engine; more are answered 503.',
    ),
    batchItemsMax: whole('items', 1, 4096, 32, 'Most items joined into one run.'),
    batchTargetMs: whole(
      'ms',
      1,
      10_000,
      2,
      'A joined run is kept near this length, so that small requests do not wait behind big ones.',
    ),
    threadsPerEngine: whole('threads', 1, 256, 1, 'Threads of one run (intraOpNumThreads).'),
    providers: text(
      'names',
      'cpu',
      'Execution providers of ONNX Runtime, in order of preference, separated by commas.',
    ),
  }),
  perf: section({
    level: choice(
      ['requests', 'calls', 'off'],
      'requests',
      'One line per request with its stages, one line per timed call, or nothing.',
    ),
    directory: text('path', 'perf/logs', 'Where runs are written: <number>/<pid>.log.'),
    tag: text('words', '', 'A label for this run, shown by `npm run perf -- runs`.'),
    bytesPerProcessMax: whole(
      'bytes',
      64 * 1024,
      64 * gibibyte,
      gibibyte,
      'Largest log of one process; what comes after is counted as dropped.',
    ),
    runsMax: whole('runs', 1, 100_000, 50, 'Runs that are kept; older ones are deleted at start.'),
    gaugeIntervalMs: whole(
      'ms',
      100,
      10 * minute,
      1000,
      'How often a process writes its gauges (event loop, CPU, memory).',
    ),
  }),
  log: section({
    level: choice(
      ['debug', 'info', 'warn', 'error', 'silent'],
      'info',
      'The least severe message that is printed.',
    ),
  }),
})

export type Config = Readonly<z.infer<typeof configSchema>>
export type ConfigInput = z.input<typeof configSchema>
