// Preloaded into every process of a service: its engines find that the system refuses them their directory.
if (process.env.GRISTMILL_PROCESS?.includes('"role":"engine"'))
  process.chdir = () => {
    throw new Error('no such directory')
  }
