import {
  choice,
  machineMemory,
  flag,
  matching,
  gibibyte,
  mebibyte,
  minute,
  section,
  text,
  whole,
} from '../setting'

export const models = section({
  directory: text(
    'path',
    '',
    'Where models are read from: <name>/<version>/model.onnx; empty means models/ of the data directory.',
  ),
  mode: choice(
    ['none', 'poll', 'explicit', 'on_demand'],
    'none',
    'What is loaded when: everything at start; also what changes on disk; what is asked for; everything, each when it is first used.',
  ),
  pollIntervalMs: whole(
    'ms',
    [100, 24 * 60 * minute],
    15_000,
    'How often the mode poll looks for what has changed.',
  ),
  load: text(
    'names',
    '',
    'Models that the modes explicit and on_demand load at start, separated by commas; * is all.',
  ),
  changesMax: whole(
    'changes',
    [1, 1000],
    16,
    'Loads and unloads that wait for their turn; more are answered 503.',
  ),
  changeTimeoutMs: whole(
    'ms',
    [100, 60 * minute],
    120_000,
    'How long a load or unload may take, its wait included; one that takes longer is taken back.',
  ),
  versionPolicy: matching(
    /^(?:all|latest:[1-9][0-9]{0,2})$/,
    'all or latest:<n>',
    'all',
    'Which versions of a model are served when its model.json says nothing: all, or the n highest.',
  ),
  samples: flag(true, 'Whether the sample models are placed in a new data directory.'),
})

export const inference = section({
  requireToken: flag(true, 'Whether /v2 needs a session token.'),
  serverName: text('name', 'gristmill', 'The name that GET /v2 answers.'),
  bodyBytesMax: whole(
    'bytes',
    [1024, 2 * gibibyte],
    64 * mebibyte,
    'Largest body of one infer request.',
  ),
  answerBytesMax: whole(
    'bytes',
    [1024, 2 * gibibyte],
    64 * mebibyte,
    'Largest sum of the outputs of one infer request, as raw tensors; more is answered 400.',
  ),
  deadlineMs: whole(
    'ms',
    [10, 60 * minute],
    10_000,
    'An infer request is answered within this time or with 504; a run that does not end is killed with its engine.',
  ),
  loadTimeoutMs: whole(
    'ms',
    [100, 60 * minute],
    60_000,
    'How long one model may take to load and to run once; one that takes longer is refused.',
  ),
  tuningMs: whole(
    'ms',
    [0, 10 * minute],
    1500,
    'How long the runs of a model are measured, by batch size, when it is first seen; 0 measures nothing.',
  ),
  modelDeathsMax: whole(
    'deaths',
    [1, 1000],
    3,
    'How often a model may end an engine, by a run that does not end or a crash, before it is set aside.',
  ),
  modelDeathsWindowMs: whole(
    'ms',
    [1000, 24 * 60 * minute],
    10 * minute,
    'Within how long; a model that is set aside is loaded again by a load, SIGHUP or another file.',
  ),
  requestsInFlightMax: whole(
    'requests',
    [1, 1_000_000],
    1024,
    'Infer requests that nginx has in hand at once; more are answered 503 before their bodies are read.',
  ),
  requestsPerTokenMax: whole(
    'requests',
    [1, 1_000_000],
    512,
    'How many of them one session token may have.',
  ),
  queueMax: whole(
    'requests',
    [1, 100_000],
    256,
    'Requests that wait for one model in one engine; more are answered 503.',
  ),
  queueTimeoutMs: whole(
    'ms',
    [1, 60 * minute],
    10_000,
    'How long a request may wait for its run; longer is answered 503.',
  ),
  queueBytesMax: whole(
    'bytes',
    [mebibyte, 64 * gibibyte],
    512 * mebibyte,
    'Bodies held by one engine, of which one account gets three quarters; more are answered 503.',
  ),
  batchItemsMax: whole(
    'items',
    [1, 4096],
    32,
    'Most items joined into one run of a model for which no best size was measured.',
  ),
  batchTargetMs: whole(
    'ms',
    [1, 10_000],
    2,
    'A joined run of a model that was not measured is kept near this length: how much joining gains is unknown.',
  ),
  batchRunMaxMs: whole(
    'ms',
    [1, 60_000],
    50,
    'Longest joined run of a model that was measured, by its table: what one request waits for another account.',
  ),
  responseCacheBytesMax: whole(
    'bytes',
    [0, 64 * gibibyte],
    64 * mebibyte,
    'Answers kept by one engine for the models whose model.json asks for it; 0 keeps none.',
  ),
  threadsPerEngine: whole('threads', [1, 256], 1, 'Threads of one run (intraOpNumThreads).'),
  niceness: whole(
    'nice',
    [0, 19],
    10,
    'How far engines stand back for the other processes when all want the processor; 0 is not at all.',
  ),
  memoryBytesMax: machineMemory(
    3 * gibibyte,
    'Address space of one engine, of which Node reserves some 2 GiB; a run that asks for more fails.',
  ),
  modelMemoryBytesMax: machineMemory(
    mebibyte,
    'Models that are in memory on this machine, by estimate and shared evenly by the engines: on demand the least recently used make room, at start the last are refused.',
    60,
  ),
  systemSharedMemory: flag(
    false,
    'Whether inference requests may name regions of system shared memory (/dev/shm) that an admin has registered.',
  ),
  sharedMemoryRegionsMax: whole(
    'regions',
    [1, 4096],
    256,
    'Registered regions of system shared memory.',
  ),
  providers: text(
    'names',
    'cpu',
    'Execution providers of ONNX Runtime, in order of preference, separated by commas.',
  ),
})
