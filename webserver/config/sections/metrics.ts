import { flag, minute, section, whole } from '../setting'

export const metrics = section({
  requireToken: flag(true, "Whether /metrics needs an admin's session token."),
  intervalMs: whole(
    'ms',
    [100, minute],
    1000,
    'How often a process tells the primary what it has counted; kill -9 loses at most what came after.',
  ),
  answerTimeoutMs: whole(
    'ms',
    [1, 10_000],
    50,
    'How long /metrics and statistics wait for the latest of a process; a busy one is represented by what it told last.',
  ),
  blocksMax: whole(
    'combinations of labels',
    [100, 1_000_000],
    10_000,
    'Combinations of model, version and the like, or of route and status, that are counted apart; more are not counted.',
  ),
})
