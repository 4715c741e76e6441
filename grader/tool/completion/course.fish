# Completion of ./course in fish: ./course completion fish | source
function __course_words
    set -l words (commandline -opc)
    $words[1] complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c course -f -a '(__course_words)'
