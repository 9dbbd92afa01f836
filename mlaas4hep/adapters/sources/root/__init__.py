"""ROOT files: TTree and RNTuple."""
