import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCommandLine, readEnvironment, UsageError } from '../../webserver/config/command-line'
import { configurationPage, helpText } from '../../webserver/config/help'
import { resolveConfig } from '../../webserver/config/load'
import { listSettings } from '../../webserver/config/settings-list'

function start(...argv: string[]) {
  const command = parseCommandLine(argv)
  if (command.kind !== 'start') throw new Error(`not a start: ${command.kind}`)
  return command.flags
}

describe('settings', () => {
  it('prefer a flag over the environment, that over the file, and that over the default', () => {
    const file = { settings: { http: { port: 1001, host: '::1' }, cluster: { workers: 3 } } }
    const env = readEnvironment({ GRISTMILL_HTTP_PORT: '1002', GRISTMILL_HTTP_HOST: '127.0.0.2' })
    const config = resolveConfig(file, env, start('--port', '1003'))
    expect(config.http.port).toBe(1003)
    expect(config.http.host).toBe('127.0.0.2')
    expect(config.cluster.workers).toBe(3)
    expect(config.database.kind).toBe('sqlite')
  })

  it.each([
    [['--no-nginx'], false],
    [['--nginx'], true],
    [['--nginx=off'], false],
    [['--http-nginx=true'], true],
  ])('read the switch %j as %s', (argv, expected) => {
    expect(resolveConfig({}, start(...argv)).http.nginx).toBe(expected)
  })

  it.each([
    [['--prt', '1'], 'did you mean --port?'],
    [['--port'], '--http-port needs a value'],
    [['--no-port'], 'is no switch'],
    [['wat'], 'Unknown flag wat'],
  ])('refuse the command line %j', (argv, message) => {
    expect(() => start(...argv)).toThrow(UsageError)
    expect(() => start(...argv)).toThrow(message)
  })

  it.each([
    ['http.port', 'x'],
    ['http.port', ''],
    ['http.port', '70000'],
    ['http.port', '1.5'],
    ['http.nginx', 'perhaps'],
    ['database.kind', 'oracle'],
    ['cluster.workers', '0'],
  ])('refuse %s = %j, naming the setting', (path, value) => {
    expect(() => resolveConfig({}, new Map([[path, value]]))).toThrow(`The setting ${path} is not`)
  })

  it('refuse an unknown variable and an unknown name in the file, with a suggestion', () => {
    expect(() => readEnvironment({ GRISTMILL_HTTP_PRT: '1' })).toThrow(
      'did you mean GRISTMILL_HTTP_PORT?',
    )
    const file = { settings: { http: { prt: 1 } as never } }
    expect(() => resolveConfig(file)).toThrow('Unknown setting http.prt: did you mean http.port?')
  })

  it('leave alone what is not ours in the environment', () => {
    expect(readEnvironment({ PATH: '/bin', GRISTMILL_PROCESS: '{}' }).size).toBe(0)
  })

  it('have each a sentence, a unit and names that no other has', () => {
    const settings = listSettings()
    for (const { description, unit } of settings) {
      expect(description).toMatch(/^[A-Z].*\.$/s)
      expect(unit).not.toBe('')
    }
    expect(new Set(settings.map((s) => s.flag)).size).toBe(settings.length)
    expect(new Set(settings.map((s) => s.variable)).size).toBe(settings.length)
  })

  it('are all taught by --help and by the page in the notes', () => {
    for (const { flag, path } of listSettings()) {
      expect(helpText()).toContain(flag)
      expect(configurationPage()).toContain(`\`${path}\``)
    }
    const page = readFileSync(join(__dirname, '../../notes/configuration.md'), 'utf8')
    expect(page).toBe(configurationPage())
  })
})
