"What pip needs to know; every setting is in settings.ini: edit there, not here."
import shlex
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

config = ConfigParser(delimiters=['='])
config.read('settings.ini', encoding='utf-8')
cfg = config['DEFAULT']

statuses = ['1 - Planning', '2 - Pre-Alpha', '3 - Alpha', '4 - Beta', '5 - Production/Stable', '6 - Mature', '7 - Inactive']
pythons = '3.10 3.11 3.12 3.13'.split()
# README.md is made with the environment that this file installs, so its absence must not stop the installation.
readme = Path('README.md')

setup(
    name=cfg['lib_name'],
    version=cfg['version'],
    description=cfg['description'],
    long_description=readme.read_text(encoding='utf-8') if readme.exists() else cfg['description'],
    long_description_content_type='text/markdown',
    keywords=cfg['keywords'],
    author=cfg['author'],
    url=cfg['git_url'],
    project_urls={'Documentation': cfg['doc_host'] + cfg['doc_baseurl']},
    classifiers=[
        f"Development Status :: {statuses[int(cfg['status']) - 1]}",
        f"Intended Audience :: {cfg['audience']}",
        f"Natural Language :: {cfg['language']}",
    ] + [f'Programming Language :: Python :: {o}' for o in pythons[pythons.index(cfg['min_python']):]],
    packages=find_packages(include=[cfg['lib_path'], f"{cfg['lib_path']}.*"]),
    include_package_data=True,
    install_requires=shlex.split(cfg['requirements']),
    extras_require={o: shlex.split(cfg[f'{o}_requirements']) for o in ('dev', 'parallel', 'dask', 'export', 'hub', 'timm', 'shards', 'slurm', 'loggers')},
    python_requires=f">={cfg['min_python']}",
    entry_points={
        'console_scripts': shlex.split(cfg['console_scripts']),
        # nbdev finds the package's symbols through this, and links them in the docs
        'nbdev': [f"{cfg['lib_path']}={cfg['lib_path']}._modidx:d"],
    },
    zip_safe=False,
)
