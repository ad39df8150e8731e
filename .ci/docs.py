"""The documentation: every page processed as nbdev does it, links and pictures checked, and the site rendered where Quarto is there.
`--check` looks at the pages of an earlier run in _proc alone."""
import ast, html, json, os, re, shutil, subprocess, sys, warnings
from pathlib import Path
from dress import dress, fence, nested_link

ROOT = Path(__file__).resolve().parents[1]
PROC = ROOT/'_proc'
WIDGET = 'application/vnd.jupyter.widget-view+json'
ADVICE = '''Quarto is missing, so the site itself was not rendered; everything else was done. Quarto is no Python package. To install it, as root:
    nbdev_install_quarto        (or a package from https://quarto.org/docs/get-started/)'''

def process():
    "What `nbdev_proc_nbs` does but for installing Quarto (and, on the way, this folder into the environment); the pages lie in _proc."
    import nbdev.doclinks
    from nbdev.quarto import refresh_quarto_yml
    from nbdev.serve import proc_nbs
    os.environ['PYTHONWARNINGS'] = 'ignore'                   # nbdev's own, of mixed cells: `mixed` names those that matter
    warnings.simplefilter('ignore', FutureWarning)            # of what the modules import
    shutil.rmtree(PROC, ignore_errors=True)
    refresh_quarto_yml()
    nbdev.doclinks._build_modidx()
    proc_nbs(n_workers=2)
    for page in PROC.rglob('*.ipynb'): dress(page)

def render(doc_path):
    "The site in `doc_path`, from the pages in _proc."
    done = subprocess.run(['quarto', 'render', '--no-cache'], cwd=PROC)
    if done.returncode: return done.returncode
    shutil.rmtree(doc_path, ignore_errors=True)
    shutil.move(PROC/doc_path.name, doc_path)
    return 0

def mixed(nb):
    "Cells that import and do something else: nbdev runs them when it makes the pages, without what stands above them."
    for c in nb['cells']:
        source = ''.join(c['source'])
        if c['cell_type'] != 'code' or 'nbdev_export()' in source or re.search(r'^#\s*\|\s*(export|hide)', source, re.M): continue
        try: nodes = list(ast.walk(ast.parse(re.sub(r'^[%!].*', '', source, flags=re.M))))
        except SyntaxError: continue
        if any(isinstance(o, (ast.Import, ast.ImportFrom)) for o in nodes) and any(isinstance(o, (ast.Expr, ast.Assign)) for o in nodes):
            yield f'imports and other code in one cell, which is run when the pages are made: {source.splitlines()[0]!r}'

def slug(title):
    "The anchor that Pandoc makes of a heading."
    text = re.sub(r'`|\*|\{[^}]*\}|\[([^\]]*)\]\([^)]*\)', r'\1', title).strip().lower()
    text = re.sub(r'[^\w\s.-]', '', text)
    return re.sub(r'^[^a-z]+', '', re.sub(r'\s+', '-', text))

def texts(nb):
    "What of a page is read as Markdown or HTML."
    prose = []
    for c in nb['cells']:
        source = ''.join(c['source'])
        if c['cell_type'] == 'markdown': prose.append(source)
        for o in c.get('outputs', []):
            for kind, data in o.get('data', {}).items():
                if kind in ('text/html', 'text/markdown'): prose.append(''.join(data) if isinstance(data, list) else data)
    return prose

def anchors(nb):
    "Every place in a page that a link can name."
    found = set()
    for text in texts(nb):
        for title in re.findall(r'^#+\s+(.+)$', fence.sub('', text), re.M):
            found |= {slug(title), *re.findall(r'\{#([\w.-]+)', title)}
        found |= set(re.findall(r'''\bid=["']([^"']+)''', text))
    return found

class Pages:
    "The processed pages, under the names they will have."
    def __init__(self, folder, base):
        self.folder, self.base = folder, base.rstrip('/')
        self.nbs = {p.relative_to(folder).as_posix(): json.loads(p.read_text()) for p in sorted(folder.rglob('*.ipynb'))}
        self.html = {self.page_name(k, nb): k for k, nb in self.nbs.items()}
        self.anchors = {k: anchors(nb) for k, nb in self.nbs.items()}

    def page_name(self, name, nb):
        front = ''.join(''.join(c['source']) for c in nb['cells'] if c['cell_type'] == 'raw')
        out = re.search(r'^output-file:\s*(\S+)', front, re.M)
        return (Path(name).parent/(out[1] if out else Path(name).with_suffix('.html').name)).as_posix()

    def links(self, nb):
        "(target, is it a picture?) of every link of a page."
        for text in texts(nb):
            plain = re.sub(r'`[^`\n]*`', '', fence.sub('', text))
            for picture, target in re.findall(r'(!?)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)(?:\s+"[^"]*")?\)', plain): yield html.unescape(target), bool(picture)
            for tag, target in re.findall(r'''<(\w+)\b[^>]*?\b(?:src|href)=["']([^"']+)["']''', plain): yield html.unescape(target), tag in ('img', 'script', 'link', 'iframe')

    def problem(self, name, target, picture):
        "What is wrong with a link, or None."
        if target.startswith('data:') or target.startswith('mailto:'): return None
        if target.startswith(self.base + '/'): page, here = target[len(self.base) + 1:], ''
        elif re.match(r'https?:|//', target): return 'comes from another site' if picture else None
        else: page, here = target, Path(name).parent.as_posix()
        page, _, anchor = page.partition('#')
        found = name if not page else (Path(here)/page).as_posix()
        parts = []
        for o in found.split('/'): parts = parts[:-1] if o == '..' and parts else parts + [o] * (o not in ('', '.'))
        found = '/'.join(parts)
        found = self.html.get(found, found)
        if found not in self.nbs: return None if (ROOT/'nbs'/found).is_file() and not anchor else 'leads nowhere'
        if anchor and anchor not in self.anchors[found]: return 'names a place that is not in that page'

    def check(self):
        "The messages of all pages."
        for name, nb in self.nbs.items():
            fm = ''.join(''.join(c['source']) for c in nb['cells'] if c['cell_type'] == 'raw')
            for key in 'title', 'description':
                if not re.search(rf'^{key}:\s*\S', fm, re.M): yield name, f'has no {key}: a notebook begins with "# title" and "> description"'
            for target, picture in self.links(nb):
                if wrong := self.problem(name, target, picture): yield name, f'{"picture" if picture else "link"} {target} {wrong}'
            if any(nested_link.search(text) for text in texts(nb)): yield name, 'has a link inside a link'
            if any(re.search(r'!\[\s*\]\(', text) for text in texts(nb)): yield name, 'has a picture without words: ![words](picture)'
            for c in nb['cells']:
                if re.search(r'^```\{?mermaid', ''.join(c['source']), re.M): yield name, 'has a mermaid block, which needs a browser to be drawn'
                for o in c.get('outputs', []):
                    if WIDGET in o.get('data', {}): yield name, 'stores a widget that no kernel answers: run the notebook without a front end, and a figure stands there'
                    if o.get('output_type') == 'error': yield name, f'stores an error: {o.get("ename")}'

def main():
    if '--check' not in sys.argv: process()
    from nbdev.config import get_config
    cfg = get_config()
    notebooks = [p for p in sorted((ROOT/'nbs').rglob('*.ipynb')) if not any(o.startswith(('.', '_')) for o in p.relative_to(ROOT).parts)]
    found = [(p.relative_to(ROOT/'nbs').as_posix(), m) for p in notebooks for m in mixed(json.loads(p.read_text())) if re.search(r'#\|\s*default_exp', p.read_text())]
    pages = Pages(PROC, cfg.doc_host.rstrip('/') + '/' + cfg.doc_baseurl.strip('/'))
    missing = {p.relative_to(ROOT/'nbs').as_posix() for p in notebooks} - pages.nbs.keys()
    found += [(o, 'was not processed') for o in sorted(missing)] + list(pages.check())
    n = sum(len(list(pages.links(nb))) for nb in pages.nbs.values())
    for name, message in dict.fromkeys(found): print(f'{name}: {message}')
    print(f'docs: {len(pages.nbs)} pages, {n} links and pictures,', 'all right' if not found else f'{len(set(found))} problems')
    if found: return 1
    if '--check' in sys.argv: return 0
    if not shutil.which('quarto'): return print(ADVICE) or 0
    return render(Path(cfg.doc_path))

if __name__ == '__main__': sys.exit(main())
