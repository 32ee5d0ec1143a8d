import { day, gibibyte, minute, section, whole } from '../setting'

const hour = 60 * minute

export const links = section({
  perOwnerMax: whole(
    'links',
    [1, 100_000],
    1000,
    'Links to the files of one account, whoever made them.',
  ),
  labelLengthMax: whole('characters', [0, 10_000], 200, "Longest note on a link's purpose."),
  lifetimeMsMax: whole(
    'ms',
    [0, 3650 * day],
    0,
    'Longest life of a new link; 0 lets links live until they are revoked.',
  ),
  expiredKeptMs: whole(
    'ms',
    [0, 3650 * day],
    30 * day,
    'How long an expired link is kept, so that it can be given a new term.',
  ),
  uploadBytesMax: whole(
    'bytes',
    [0, Number.MAX_SAFE_INTEGER],
    10 * gibibyte,
    'Largest file that may come by an upload link; each link can have a lower limit of its own.',
  ),
  useWindowMs: whole(
    'ms',
    [0, 7 * day],
    hour,
    'How long a download by a link that counts may be continued without counting again.',
  ),
  passwordFailuresMax: whole(
    'guesses',
    [1, 10_000],
    10,
    'Wrong passwords of one link within the window after which it is locked.',
  ),
  passwordWindowMs: whole(
    'ms',
    [1000, day],
    15 * minute,
    'How long wrong passwords of a link are remembered.',
  ),
  passwordLockMs: whole(
    'ms',
    [1000, day],
    minute,
    'How long a link is locked at first; each further wrong password doubles it.',
  ),
  passwordLockMsMax: whole('ms', [1000, 30 * day], day, 'Longest time that a link is locked.'),
  passwordRememberedMs: whole(
    'ms',
    [0, 10 * minute],
    30_000,
    'How long a worker remembers that a password was right, so that it need not compute the hash again.',
  ),
  passwordsRememberedMax: whole('passwords', [1, 1_000_000], 1000, 'Passwords that it remembers.'),
})

export const signedUrls = section({
  lifetimeMsMax: whole('ms', [1000, hour], 10 * minute, 'Longest life of a signed URL.'),
})
