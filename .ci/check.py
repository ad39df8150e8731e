"Are the notebooks clean, and modules, README and sidebar in step with them? Makes anew what is not, and says so."
import re, shutil, subprocess, sys, tempfile
from pathlib import Path

ROOT, BIN = Path(__file__).resolve().parents[1], Path(sys.executable).parent

# what each check makes anew, with which command, in this order: cleaning gives a cell the id that the module repeats
CHECKS = {
    'notebooks': ([BIN/'nbdev_clean'], ['nbs/**/*.ipynb']),
    'modules': ([BIN/'nbdev_export'], ['stimulative/**/*.py', 'pyproject.toml']),
    'readme': ([sys.executable, ROOT/'.ci/readme.py', '.'], ['README.md', 'README_files/*']),
}

def read(root, patterns):
    "The files under `root` that match, and what is in them."
    paths = [p for pattern in patterns for p in root.glob(pattern) if p.is_file()]
    files = {p.relative_to(root): p.read_bytes() for p in paths}
    return {p: o for p, o in files.items() if not any(part.startswith(('.', '_')) for part in p.parts[:-1])}

def check(name, tmp):
    "The messages of one check; none where all is well."
    cmd, patterns = CHECKS[name]
    done = subprocess.run(cmd, cwd=tmp, capture_output=True, text=True)
    if done.returncode: return [f'stopped:\n{done.stdout}{done.stderr}']
    made, here = read(tmp, patterns), read(ROOT, patterns)
    changed = sorted(p for p in made if made[p] != here.get(p))
    for p in changed:
        (ROOT/p).parent.mkdir(exist_ok=True)
        (ROOT/p).write_bytes(made[p])
    orphans = sorted(here.keys() - made.keys())
    return [*(f'{p} was out of step and is now mended' for p in changed),
            *(f'{p} comes from no notebook: remove it' for p in orphans)]

def check_sidebar():
    "nbs/sidebar.yml is written by hand, and no reader would find a notebook that it leaves out."
    listed = set(re.findall(r'^\s*- (\S+\.ipynb)', (ROOT/'nbs/sidebar.yml').read_text(), re.MULTILINE))
    there = {p.relative_to('nbs').as_posix() for p in read(ROOT, ['nbs/**/*.ipynb'])}
    return [f'nbs/{o} is not listed in nbs/sidebar.yml' for o in sorted(there - listed)] + [
        f'nbs/sidebar.yml lists {o}, which is not there' for o in sorted(listed - there)]

def main():
    with tempfile.TemporaryDirectory() as tmp:
        # everything is made from the notebooks in a copy: nothing here is touched unless it differs, committed or not
        tmp = Path(tmp)
        shutil.copytree(ROOT/'nbs', tmp/'nbs')
        (tmp/'stimulative').mkdir()
        for o in 'settings.ini', 'pyproject.toml', 'stimulative/__init__.py':
            if (ROOT/o).exists(): shutil.copy(ROOT/o, tmp/o)
        messages_of = {name: check(name, tmp) for name in CHECKS}
    messages_of['sidebar'] = check_sidebar()
    for name, messages in messages_of.items():
        print(f'check {name}:', 'ok' if not messages else 'FAILED')
        for o in messages: print('   ', o)
    return any(messages_of.values())

if __name__ == '__main__': sys.exit(main())
