import { BackOff } from '../../webserver/cluster/back-off'

const settings = {
  restartDelayMinMs: 100,
  restartDelayMaxMs: 1000,
  restartsMax: 6,
  stableAfterMs: 10_000,
}

const waits = (backOff: BackOff, livesMs: readonly number[]) =>
  livesMs.map((livedMs) => backOff.next(livedMs))

test('the wait doubles with each early death up to its maximum, then it is time to give up', () => {
  const backOff = new BackOff(settings, () => 1)
  expect(waits(backOff, [1, 1, 1, 1, 1, 1, 1])).toEqual([100, 200, 400, 800, 1000, 1000, null])
})

test('a long life ends the row of deaths', () => {
  const backOff = new BackOff(settings, () => 1)
  expect(waits(backOff, [1, 1, 1, 10_000, 1])).toEqual([100, 200, 400, 100, 200])
})

test('waits are spread over the upper half, so that processes do not come back all at once', () => {
  expect(new BackOff(settings, () => 0).next(1)).toBe(50)
  expect(new BackOff(settings, () => 1).next(1)).toBe(100)
})
