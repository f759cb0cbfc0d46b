"""What the owner corrects by hand, and what could be changed in a recipe so that it need not be.

`listening` looks at what runs made (`search` finds what was moved), `changes` says what a
correction would change in the text of its recipe, `proposals` gathers those that are alike.
"""
