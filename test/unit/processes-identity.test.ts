import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { identify, isAlive } from '../../webserver/cluster/process-identity'

test('a process is alive until it ends', async () => {
  const child = spawn('sleep', ['60'])
  const identity = identify(child.pid!)
  expect(isAlive(identity)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isAlive(identity)).toBe(false)
})

test('another process with the same number is not taken for it', () => {
  const own = identify(process.pid)
  expect(isAlive(own)).toBe(true)
  expect(isAlive({ ...own, start: `${own.start}0` })).toBe(false)
})

test('of a process of another machine nothing can be told', () => {
  expect(isAlive({ ...identify(process.pid), host: 'another' })).toBeNull()
})
