import { installedConfig } from '../webserver/config/load'
import { runCommand } from './commands/run-command'

// A reader that has seen enough, such as `head`, closes the pipe; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const { code, output, complaint } = runCommand(
  process.argv.slice(2),
  installedConfig().perf.directory,
)
process.stdout.write(output)
process.stderr.write(complaint)
process.exitCode = code
