"Write README.md and README_files/ from nbs/index.ipynb under the given root (nbdev's own command needs Quarto)."
import re, shutil, sys
from os.path import normpath
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parents[1]
NB, IMAGES = Path('nbs/index.ipynb'), 'README_files'
directive = re.compile(r'^#\s*\|.*\n?', re.MULTILINE)
link = re.compile(r'(\]\(|(?:src|href)=")([^)"#\s]+)')
fence = re.compile(r'(^```.*?^```$)', re.MULTILINE | re.DOTALL)

def from_root(m):
    "A link to a file beside the notebook, seen from one folder up; anything else stays."
    path = normpath(NB.parent/m[2])
    return m[1] + (path if (ROOT/path).exists() else m[2])

def tidy_html(html):
    "What GitHub shows of a table: styles would appear as text, and an empty line ends the table."
    html = re.sub(r'<style.*?</style>', '', html, flags=re.DOTALL)
    return '\n'.join(o for o in html.splitlines() if o.strip())

def has(cell, option): return re.search(rf'^#\s*\|\s*{option}\s*$', cell.source, re.MULTILINE)

def prepare(nb):
    nb.metadata['language_info'] = {'name': 'python'}  # nbdev_clean takes it out
    def is_shown(cell): return cell.cell_type != 'raw' and not has(cell, 'hide') and not has(cell, r'include:\s*false')
    nb.cells = [cell for cell in nb.cells if is_shown(cell)]
    for cell in nb.cells:
        if cell.cell_type == 'markdown':
            cell.source = link.sub(from_root, cell.source)
            continue
        if has(cell, r'echo:\s*false'): cell.metadata['transient'] = {'remove_source': True}
        cell.source = directive.sub('', cell.source)
        for out in cell.outputs:
            if 'text/html' in out.get('data', {}): out.data['text/html'] = tidy_html(out.data['text/html'])
    return nb

def picture_words(nb):
    "What each picture shows, in their order: the cell's fig-alt."
    alt = re.compile(r'^#\s*\|\s*fig-alt:\s*"(.*)"\s*$', re.MULTILINE)
    of_cell = [(alt.search(c.source), c.get('outputs', [])) for c in nb.cells]
    return [m[1] if m else 'png' for m, outputs in of_cell for o in outputs if 'image/png' in o.get('data', {})]

def readme(root):
    nb = nbformat.read(root/NB, as_version=4)
    words = iter(picture_words(nb))
    nb = prepare(nb)
    text, resources = MarkdownExporter().from_notebook_node(nb, {'unique_key': 'README', 'output_files_dir': IMAGES})
    # the exporter's runs of empty lines differ from version to version
    text = re.sub(r'!\[png\]', lambda m: f'![{next(words)}]', text)
    parts = [o if i % 2 else re.sub(r'\n\s*\n', '\n\n', o) for i, o in enumerate(fence.split(text))]
    note = f'<!-- Made from {NB} by `make readme`: edit there, not here. -->'
    (root/'README.md').write_text(f'{note}\n\n{"".join(parts).strip()}\n', encoding='utf-8')
    shutil.rmtree(root/IMAGES, ignore_errors=True)
    for name, data in resources['outputs'].items():
        (root/name).parent.mkdir(exist_ok=True)
        (root/name).write_bytes(data)

if __name__ == '__main__': readme(Path(sys.argv[1]))
