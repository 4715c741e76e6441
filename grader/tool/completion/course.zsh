# Completion of ./course in zsh: source <(./course completion zsh), after compinit
_course() {
  compadd -- ${(f)"$(${words[1]} complete "${(@)words[2,CURRENT]}" 2>/dev/null)"}
}
compdef _course course ./course
