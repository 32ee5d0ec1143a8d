import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { noFaults, openFaultPoints, type Fault } from '../../webserver/platform/fault-points'

describe('fault points', () => {
  let directory: string
  let orders: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'gristmill-faults-'))
    orders = join(directory, 'order')
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  function order(fault: Partial<Fault>): void {
    writeFileSync(orders, JSON.stringify({ id: fault.point, pass: 1, action: 'throw', ...fault }))
  }

  class Mill {
    ground = 0
    grind(sacks: number): Promise<number> {
      this.ground += sacks
      return Promise.resolve(this.ground)
    }
  }

  test('are nothing at all when they are off', () => {
    const mill = new Mill()
    expect(openFaultPoints('')).toBe(noFaults)
    expect(noFaults.around('mill', mill)).toBe(mill)
  })

  test('obey an order once, at the pass that it names', async () => {
    const mill = openFaultPoints(orders).around('mill', new Mill())
    order({ point: 'mill.grind:before', pass: 2 })
    expect(await mill.grind(1)).toBe(1)
    expect(() => mill.grind(1)).toThrow('a fault was ordered at mill.grind:before')
    expect(existsSync(`${orders}.taken`)).toBe(true)
    expect(await mill.grind(1)).toBe(2)
    order({ point: 'mill.grind:after' })
    await expect(mill.grind(1)).rejects.toThrow('mill.grind:after')
    expect(mill.ground).toBe(3)
  })

  test('tell steps apart by what they are about', () => {
    const faults = openFaultPoints(orders)
    order({ point: 'step', about: 'files.delete' })
    faults.pass('step', [{ name: 'files.commit' }])
    expect(() =>
      faults.pass('step', [{ name: 'files.commit' }, { name: 'files.delete' }]),
    ).toThrow()
  })

  test('end the process as SIGKILL does', () => {
    order({ point: 'step', action: 'kill' })
    const module = resolve(__dirname, '../../dist/webserver/platform/fault-points.js')
    const script = `require(${JSON.stringify(module)}).openFaultPoints(${JSON.stringify(orders)}).pass('step'); console.log('alive')`
    let signal: unknown
    try {
      execFileSync(process.execPath, ['-e', script], { stdio: 'pipe' })
    } catch (error) {
      signal = (error as { signal: unknown }).signal
    }
    expect(signal).toBe('SIGKILL')
  })
})
