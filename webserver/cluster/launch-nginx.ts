import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { childEnvironment } from '../config/process-environment'
import { type NginxFiles, type NginxFilesOptions, writeNginxFiles } from '../nginx/directory'
import { ManagedProcess } from './managed-process'
import { StartError } from './start-error'

const pollMs = 20
const logCheckMs = 2000

/**
 * @returns the command to start nginx with. Where there is `setpriv` it has the kernel end nginx when the primary is killed.
 * @throws {StartError} when there is no such program.
 */
export function findNginx(binary: string): readonly string[] {
  const env = childEnvironment(null)
  const { error } = spawnSync(binary, ['-v'], { stdio: 'ignore', env })
  if (error !== undefined)
    throw new StartError(
      `nginx ("${binary}") was not found: install it, for example with "apt-get install nginx", or start with --no-nginx.`,
      { cause: error },
    )
  const dyingWithParent = ['setpriv', '--pdeathsig', 'TERM'] as const
  const probe = spawnSync(dyingWithParent[0], [...dyingWithParent.slice(1), 'true'], { env })
  return probe.status === 0 ? [...dyingWithParent, binary] : [binary]
}

/** @throws {StartError} naming a path that nginx's configuration cannot express. */
export function prepareNginx(options: NginxFilesOptions): NginxFiles {
  try {
    return writeNginxFiles(options)
  } catch (error) {
    throw new StartError((error as Error).message, { cause: error })
  }
}

/**
 * nginx in a process group of its own, so that a terminal's Ctrl-C does not reach it before its turn, and so that its
 * processes can be ended with it.
 */
export function launchNginx(command: readonly string[], files: NginxFiles): ManagedProcess {
  rmSync(files.pidFile, { force: true })
  const [program = '', ...before] = command
  const args = ['-p', `${files.prefix}/`, '-e', 'stderr', '-c', files.configuration]
  const child = spawn(program, [...before, ...args], {
    detached: true,
    stdio: ['ignore', 2, 2],
    env: childEnvironment(null),
  })
  const managed = new ManagedProcess(child, {
    role: 'nginx',
    slot: 1,
    requestDrain: () => child.kill('SIGQUIT'),
  })
  markReadyWhenListening(managed, files.pidFile)
  limitAccessLog(child, files)
  void managed.exited.then(() => endGroup(managed.pid))
  return managed
}

/** nginx writes its number down once it has bound its addresses. */
function markReadyWhenListening(managed: ManagedProcess, pidFile: string): void {
  const timer = setInterval(() => {
    if (readPid(pidFile) === managed.pid) managed.markReady()
    if (managed.isReady || managed.isGone) clearInterval(timer)
  }, pollMs)
}

/** nginx has no limit of its own for a log. The file before the present one is kept, and both together stay within the limit. */
function limitAccessLog(nginx: ChildProcess, { accessLog }: NginxFiles): void {
  if (accessLog === null) return
  const { path, bytesMax } = accessLog
  const timer = setInterval(() => {
    if (sizeOf(path) < bytesMax / 2) return
    renameSync(path, `${path}.1`)
    // Opens its logs anew.
    nginx.kill('SIGUSR1')
  }, logCheckMs).unref()
  nginx.once('exit', () => clearInterval(timer))
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function readPid(pidFile: string): number | null {
  try {
    return Number(readFileSync(pidFile, 'utf8'))
  } catch {
    return null
  }
}

/** Workers of an nginx whose master was killed would go on holding its address. */
function endGroup(pid: number): void {
  if (pid === 0) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
