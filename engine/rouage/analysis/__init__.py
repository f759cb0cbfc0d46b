"""Problems in words: the catalogue of messages, code frames, did-you-mean."""
