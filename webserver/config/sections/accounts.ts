import { choice, day, gibibyte, minute, section, whole } from '../setting'

export const accounts = section({
  registration: choice(
    ['closed', 'open'],
    'closed',
    'Whether anyone may make a member account, or only holders of an admin session.',
  ),
  quotaBytes: whole(
    'bytes',
    [0, Number.MAX_SAFE_INTEGER],
    10 * gibibyte,
    'Quota of a new account.',
  ),
  passwordLengthMin: whole('characters', [8, 64], 8, 'Shortest password.'),
  passwordLengthMax: whole('characters', [64, 1024], 128, 'Longest password.'),
})

export const passwords = section({
  algorithm: choice(
    ['argon2id', 'scrypt', 'bcrypt'],
    'argon2id',
    'Hash function of new passwords; older hashes are replaced at login.',
  ),
  argon2MemoryKib: whole('KiB', [8, 4 * 1024 * 1024], 19_456, 'Memory of one argon2id hash.'),
  argon2Passes: whole('passes', [1, 100], 2, 'Passes of argon2id.'),
  scryptCostLog2: whole('log2 N', [10, 20], 17, 'Cost of scrypt, with r = 8 and p = 1.'),
  bcryptCost: whole(
    'log2 rounds',
    [4, 16],
    12,
    'Cost of bcrypt, which takes passwords of at most 72 bytes.',
  ),
  concurrentMax: whole(
    'hashes',
    [1, 64],
    2,
    'Hashes that one worker computes at once; they share the thread pool with the file system.',
  ),
  queueMax: whole(
    'hashes',
    [0, 10_000],
    64,
    'Hashes that may wait in one worker; more are answered 503.',
  ),
})

export const sessions = section({
  lifetimeMs: whole(
    'ms',
    [minute, 3650 * day],
    30 * day,
    'A session ends this long after login, however much it is used.',
  ),
  idleTimeoutMs: whole(
    'ms',
    [minute, 3650 * day],
    7 * day,
    'A session ends this long after its last use.',
  ),
  perAccountMax: whole(
    'sessions',
    [1, 10_000],
    100,
    'Sessions of one account; a login beyond it ends the one unseen for longest.',
  ),
})
