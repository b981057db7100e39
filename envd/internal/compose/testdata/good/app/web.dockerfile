FROM web
