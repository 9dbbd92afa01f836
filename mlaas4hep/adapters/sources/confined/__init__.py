"""Files whose library may break are read by a confined process, which is given only their bytes."""
