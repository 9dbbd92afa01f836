"""What people write, parsed once at the door: params.json, files.txt, tarballs, submissions."""
