import { existsSync, readFileSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { ignoring } from './system-errors'

/** Which program ran: version, and the commit where it runs from a checkout. Read from files; git is not started. */
export function programFacts() {
  const root = packageRoot(__dirname)
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string
    version: string
  }
  return {
    name,
    version,
    git_sha: commitOf(root),
    node: process.version,
    v8: process.versions.v8,
  }
}

export function machineFacts() {
  const processors = cpus()
  return {
    platform: `${platform()} ${arch()}`,
    kernel: release(),
    cpu_model: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memory_bytes: totalmem(),
  }
}

/**
 * When a process started, in the kernel's ticks, so that its pid given to another is not taken for it.
 * `undefined` when it does not run; '' where there is no /proc and it seems to.
 */
export function startOfProcess(pid: number): string | undefined {
  if (platform() !== 'linux') return answersSignal(pid) ? '' : undefined
  // A process that ends between open and read gives ESRCH.
  const stat = ignoring(['ENOENT', 'ESRCH'], () => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  // The command, in parentheses, may hold anything; after it come fields 3, the state, to 22, the start, and more.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  return fields[0] === 'Z' ? undefined : fields[19]
}

function answersSignal(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function packageRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory
  return packageRoot(dirname(directory))
}

function commitOf(root: string): string | null {
  try {
    const git = gitDirectory(root)
    const head = readFileSync(join(git, 'HEAD'), 'utf8').trim()
    return head.startsWith('ref: ') ? commitOfRef(git, head.slice(5)) : head
  } catch {
    return null
  }
}

/** A worktree's `.git` is a file that names the directory. */
function gitDirectory(root: string): string {
  const path = join(root, '.git')
  const text = ignoring(['EISDIR'], () => readFileSync(path, 'utf8'))
  return text === undefined ? path : resolve(root, text.replace('gitdir:', '').trim())
}

function commitOfRef(git: string, ref: string): string | null {
  const common = ignoring(['ENOENT'], () => readFileSync(join(git, 'commondir'), 'utf8').trim())
  const shared = resolve(git, common ?? '.')
  const loose = ignoring(['ENOENT'], () => readFileSync(join(shared, ref), 'utf8').trim())
  if (loose !== undefined) return loose
  const packed = readFileSync(join(shared, 'packed-refs'), 'utf8')
  const line = packed.split('\n').find((entry) => entry.endsWith(` ${ref}`))
  return line?.split(' ')[0] ?? null
}
